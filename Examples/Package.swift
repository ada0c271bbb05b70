// swift-tools-version: 6.2
import PackageDescription

// Each example is a small program; its output stands beside it in `expected.txt`, and `make examples` compares them.
let package = Package(
  name: "Examples",
  dependencies: [.package(name: "Ballast", path: "..")],
  targets: [
    .executableTarget(
      name: "Embed",
      dependencies: [
        .product(name: "Ballast", package: "Ballast"),
        .product(name: "BallastSimulator", package: "Ballast"),
      ],
      exclude: ["expected.txt"]),
    // It trains: the optimiser makes seconds of minutes, also where the rest is built for debugging.
    .executableTarget(
      name: "Mowst",
      dependencies: [
        .product(name: "Ballast", package: "Ballast"),
        .product(name: "BallastCPU", package: "Ballast"),
      ],
      exclude: ["expected.txt"], swiftSettings: [.unsafeFlags(["-O"])]),
  ],
  swiftLanguageModes: [.v6]
)

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
      exclude: ["expected.txt"])
  ],
  swiftLanguageModes: [.v6]
)

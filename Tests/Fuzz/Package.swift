// swift-tools-version: 6.2
import PackageDescription

// What is run under libFuzzer, as archives that `Tests/Fuzz/run` links with it.
let package = Package(
  name: "Fuzz",
  products: [
    .library(name: "Calls", type: .static, targets: ["Calls"]),
    .library(name: "Parsers", type: .static, targets: ["Parsers"]),
  ],
  dependencies: [.package(name: "Ballast", path: "../..")],
  targets: [
    .target(name: "Calls", dependencies: [.product(name: "BallastC", package: "Ballast")], path: "Calls"),
    .target(
      name: "Parsers",
      dependencies: [
        .product(name: "Ballast", package: "Ballast"), .product(name: "BallastOperations", package: "Ballast"),
        .product(name: "BallastServing", package: "Ballast"),
      ],
      path: "Parsers"),
  ],
  swiftLanguageModes: [.v6]
)

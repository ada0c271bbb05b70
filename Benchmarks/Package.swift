// swift-tools-version: 6.2
import PackageDescription

// `make bench` runs it; `Benchmarks/README.md` says how thresholds are kept.
let package = Package(
  name: "Benchmarks",
  dependencies: [
    .package(name: "Ballast", path: ".."),
    .package(url: "https://github.com/ordo-one/benchmark.git", exact: "1.38.1", traits: []),
  ],
  targets: [
    .executableTarget(
      name: "HotPath",
      dependencies: [
        .product(name: "Ballast", package: "Ballast"),
        .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "Benchmarks/HotPath",
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
  ],
  swiftLanguageModes: [.v6]
)

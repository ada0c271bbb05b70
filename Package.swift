// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target of the package is compiled with.
let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableExperimentalFeature("Lifetimes"),
]

/// Tests import what they test and the test library; memory markers would only be noise there.
let tested: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
]

/// A Swift library or executable at one level of the module graph (`docs/architecture.md`).
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: tested)
}

let package = Package(
  name: "Ballast",
  products: [
    .library(name: "Ballast", targets: ["Ballast", "BallastRuntime", "BallastGating", "BallastControl"]),
    .library(name: "BallastCPU", targets: ["BallastCPU"]),
    .library(name: "BallastSimulator", targets: ["BallastSimulator"]),
    .library(name: "BallastOperations", targets: ["BallastOperations"]),
    .library(name: "BallastServing", targets: ["BallastServing"]),
    .library(name: "BallastC", type: .static, targets: ["BallastC"]),
    .executable(name: "ballast", targets: ["BallastCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
  ],
  targets: [
    // Level 0
    module("BallastRuntime"),

    // Level 1
    module("BallastGating", ["BallastRuntime"]),
    module("BallastControl", ["BallastRuntime"]),
    module("BallastSimulator", ["BallastRuntime"]),
    module("BallastCPU", ["BallastRuntime", "CBallastKernels", "CJemalloc"]),
    .target(name: "CBallastKernels"),
    .systemLibrary(name: "CBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CJemalloc", providers: [.apt(["libjemalloc-dev"])]),

    // Level 2
    module("Ballast", ["BallastRuntime", "BallastControl"]),

    // Level 3
    module(
      "BallastOperations",
      [
        "Ballast", "BallastRuntime", "BallastControl", "BallastGating", "BallastSimulator",
        .product(name: "Yams", package: "Yams"),
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ]),
    module("BallastServing", ["BallastRuntime", "BallastGating", "CBLAS"]),

    // Level 4
    .target(name: "CBallast"),
    module("BallastC", ["Ballast", "BallastRuntime", "BallastControl", "BallastCPU", "CBallast"]),
    .executableTarget(
      name: "BallastCommand",
      dependencies: [
        "Ballast", "BallastRuntime", "BallastControl", "BallastCPU", "BallastGating", "BallastOperations",
        "BallastServing",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      swiftSettings: strict),

    // What a C call costs beside the Swift call: one process must call both.
    .executableTarget(
      name: "CallOverhead", dependencies: ["Ballast", "BallastC", "BallastRuntime", "BallastSimulator", "CBallast"],
      path: "Benchmarks/CallOverhead"),

    // Tests mirror Sources; `ExecutorConformance` is the suite any executor must pass.
    .target(
      name: "ExecutorConformance", dependencies: ["BallastRuntime"], path: "Tests/ExecutorConformance",
      swiftSettings: tested),
    tests("BallastRuntimeTests", ["BallastRuntime"]),
    tests("BallastGatingTests", ["BallastGating", "BallastRuntime"]),
    tests("BallastControlTests", ["BallastControl", "BallastRuntime", "BallastSimulator"]),
    tests("BallastCPUTests", ["BallastCPU", "BallastRuntime", "CBallastKernels", "ExecutorConformance"]),
    tests("BallastSimulatorTests", ["BallastSimulator", "BallastRuntime", "ExecutorConformance"]),
    tests(
      "BallastTests", ["Ballast", "BallastControl", "BallastOperations", "BallastRuntime", "BallastSimulator"]),
    tests("BallastOperationsTests", ["Ballast", "BallastOperations", "BallastControl", "BallastRuntime"]),
    tests("BallastServingTests", ["BallastServing", "BallastGating", "BallastRuntime"]),
    tests("BallastCommandTests", ["BallastCommand"]),
    tests(
      "BallastCTests",
      ["Ballast", "BallastC", "BallastCPU", "BallastControl", "BallastRuntime", "BallastSimulator", "CBallast"]),
    tests("StressTests", ["BallastControl", "BallastRuntime"]),
    tests("VerificationTests", []),
    tests(
      "ScenarioTests",
      ["Ballast", "BallastCPU", "BallastControl", "BallastGating", "BallastRuntime", "BallastSimulator"]),
    tests("RepositoryTests", []),
  ],
  swiftLanguageModes: [.v6]
)

// swift-tools-version: 6.2
import PackageDescription

// The stress tests with what they test and nothing else, for `make sanitize`: the tests of the whole package link an
// allocator that the sanitizers cannot watch. All but `Mutex.swift` are links to the real files.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("InternalImportsByDefault"), .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
  name: "Sanitized",
  targets: [
    .target(name: "BallastRuntime", path: "BallastRuntime", swiftSettings: settings),
    .target(
      name: "BallastControl", dependencies: ["BallastRuntime"], path: "BallastControl", swiftSettings: settings),
    .testTarget(name: "StressTests", dependencies: ["BallastControl", "BallastRuntime"], path: "StressTests"),
  ],
  swiftLanguageModes: [.v6]
)

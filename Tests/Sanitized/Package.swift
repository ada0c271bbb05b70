// swift-tools-version: 6.2
import PackageDescription

// The stress tests with what they test and nothing else, for `make sanitize`: the tests of the whole package link an
// allocator that the sanitizers cannot watch. The folders are links to the real ones.
let package = Package(
  name: "Sanitized",
  targets: [
    .target(
      name: "BallastRuntime", path: "BallastRuntime",
      swiftSettings: [.enableExperimentalFeature("Lifetimes"), .enableUpcomingFeature("InternalImportsByDefault")]),
    .target(
      name: "BallastControl", dependencies: ["BallastRuntime"], path: "BallastControl",
      swiftSettings: [.enableExperimentalFeature("Lifetimes"), .enableUpcomingFeature("InternalImportsByDefault")]),
    .testTarget(
      name: "StressTests", dependencies: ["BallastControl", "BallastRuntime"], path: "StressTests",
      swiftSettings: [.treatAllWarnings(as: .error)]),
  ],
  swiftLanguageModes: [.v6]
)

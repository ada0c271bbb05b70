import ArgumentParser
import BallastOperations
import BallastRuntime

/// `ballast bench instances`: dispatches for a solver to judge.
struct InstancesBenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "instances",
    abstract: "Write dispatched batches as JSON, for a solver to compare with; `make optimality` does.",
    discussion: """
      In instances drawn from odd seeds touching a replica costs nothing (8 to 256 experts), in those from even seeds it
      does (4 to 64 experts); both have 2 to 32 devices, up to 4 copies of an expert, and skewed loads. Each trace adds, under both laws, layers of
      its windows on 8 devices.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @Option(help: "Instances to draw.")
  var count = 1200

  @Option(help: "The first instance's seed; the others follow.")
  var seed: UInt64 = 1

  @Option(
    name: .customLong("trace"), help: ArgumentHelp("Recorded routing, as `ballast replay` reads it.", valueName: "file")
  )
  var traces: [String] = []

  @Option(help: "Rows of a trace in a window.")
  var window = 512

  @Option(help: "Of a trace's windows and layers, one in this many.")
  var stride = 5

  @Option(help: ArgumentHelp("Where to write the instances.", valueName: "file"))
  var json: String

  func validate() throws {
    guard (0...1_000_000).contains(count) else {
      throw ValidationError("--count is \(count); allowed is 0 to 1000000")
    }
    guard window > 0 else { throw ValidationError("--window is \(window); it must be at least 1") }
    guard stride > 0 else { throw ValidationError("--stride is \(stride); it must be at least 1") }
  }

  func run() async throws {
    try checkWritable(json)
    var instances: [DispatchInstance] = []
    for place in 0..<count {
      let seed = seed &+ UInt64(place)
      instances.append(
        try await input { () async throws(BenchError) in
          try await .drawn(seed % 2 == 1 ? .tokens : .activation, seed: seed)
        })
    }
    for path in traces {
      let trace = try input { () throws(ArrayError) in try RoutingTrace.read(path) }
      for law in DispatchInstance.Law.allCases {
        instances += try await input { () async throws(BenchError) in
          try await DispatchInstance.windows(
            of: trace, rows: window, stride: stride, law: law, size: ExpertSize(hidden: 2048, inner: 1408))
        }
      }
    }
    try writeJSON(instances, to: json)
    print("\(instances.count) instances in \(json)")
  }
}

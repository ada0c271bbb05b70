import ArgumentParser
import BallastCPU
import BallastOperations
import BallastRuntime

/// `ballast bench experts`: blocks of experts, computed.
struct ExpertsBenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "experts",
    abstract: "Measure blocks of experts by precision and batch, in billions of operations a second.",
    discussion: """
      A batch is dispatched over evenly chosen experts with random weights, computed and combined. Beside its speed
      stand the bytes of the experts it meets over what the same cores read meanwhile (above 100 % where caches help),
      its operations over what they reach in registers, an expert's relative error on normal inputs, and the time to
      round and pack one expert into memory used before.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var options: BenchOptions

  @Option(
    help: ArgumentHelp(
      "Sizes of an expert, and experts: HIDDENxINNERxEXPERTS.", valueName: "shape"))
  var shape = "2048x768x128"

  @Option(help: "Experts of each token.")
  var expertsPerToken = 8

  @Option(parsing: .upToNextOption, help: "Batches: how many tokens.")
  var tokens = [1, 8, 32, 128, 512]

  @Option(parsing: .upToNextOption, help: "How experts are stored (default: every precision).")
  var precision: [String] = []

  @Option(help: "Devices, each of one core.")
  var devices = 1

  func validate() throws {
    guard let sizes, sizes.allSatisfy({ (1...65_536).contains($0) }) else {
      throw ValidationError("--shape is \(shape); write HIDDENxINNERxEXPERTS, each 1 to 65536")
    }
    guard (1...sizes[2]).contains(expertsPerToken) else {
      throw ValidationError("--experts-per-token is \(expertsPerToken); allowed is 1 to \(sizes[2])")
    }
    guard let most = tokens.max(), let least = tokens.min(), least >= 1, most <= 65_536 else {
      throw ValidationError("--tokens are \(tokens); allowed is 1 to 65536 each")
    }
    guard (1...64).contains(devices) else { throw ValidationError("--devices is \(devices); allowed is 1 to 64") }
    for name in precision where Precision(name: name) == nil {
      throw ValidationError(
        "--precision \(name) is none of \(Precision.allCases.map(\.description).joined(separator: ", "))")
    }
  }

  func run() async throws {
    if let json = options.json { try checkWritable(json) }
    let chosen = precision.isEmpty ? Precision.allCases : precision.compactMap { Precision(name: $0) }
    var timings: [ExpertBlockTiming] = []
    for precision in chosen {
      let some = try await measure(precision)
      print(ExpertsBenchTable(some, hasHeading: timings.isEmpty).text)
      timings += some
    }
    if let json = options.json { try writeJSON(timings, to: json) }
  }

  private var sizes: [Int]? {
    let sizes = shape.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    let known = sizes.compactMap { $0 }
    return known.count == 3 && sizes.count == 3 ? known : nil
  }

  private func measure(_ precision: Precision) async throws(InputError) -> [ExpertBlockTiming] {
    guard let sizes else { return [] }
    do {
      return try await ExpertBlockTiming.measure(
        dimensions: ExpertDimensions(hidden: sizes[0], inner: sizes[1]), experts: sizes[2],
        expertsPerToken: expertsPerToken, tokens: tokens, precision: precision, devices: devices,
        seconds: options.seconds, seed: options.seed)
    } catch {
      throw InputError("\(error)")
    }
  }
}

/// Timings as a table for the terminal.
struct ExpertsBenchTable {
  private let timings: [ExpertBlockTiming]
  private let hasHeading: Bool

  init(_ timings: [ExpertBlockTiming], hasHeading: Bool) {
    self.timings = timings
    self.hasHeading = hasHeading
  }

  var text: String {
    let heading = ["precision", "devices", "tokens", "GOP/s", "spread", "bandwidth", "arithmetic", "error", "pack ms"]
    let rows = timings.map { timing in
      [
        timing.precision, "\(timing.devices)", "\(timing.tokens)", fixed(timing.gigaoperationsPerSecond, 0),
        "±\(fixed(timing.spreadNanoseconds / timing.nanoseconds * 100, 1)) %",
        "\(fixed(timing.bandwidthShare * 100, 0)) % of \(fixed(timing.readBytesPerSecond / 1e9, 0)) GB/s",
        "\(fixed(timing.arithmeticShare * 100, 0)) % of \(fixed(timing.peakOperationsPerSecond / 1e9, 0))",
        fixed(timing.relativeError, 5), fixed(timing.packingNanoseconds / 1e6, 2),
      ]
    }
    let widths = [9, 7, 6, 6, 8, 18, 12, 8, 7]
    return ((hasHeading ? [heading] : []) + rows).map { row in
      zip(row, widths).map { cell, width in String(repeating: " ", count: max(0, width - cell.count)) + cell }
        .joined(separator: "  ")
    }.joined(separator: "\n")
  }
}

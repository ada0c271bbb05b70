import ArgumentParser
import BallastOperations

/// `ballast bench plan`: planning whole models from nothing.
struct PlanBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Measure planning whole models from nothing, even shares: time, device imbalance and its lower bound.",
    discussion: """
      Loads are drawn by Zipf's law with exponents 0.6, 1.0 and 1.4, from 65,536 tokens times the experts a token
      chooses, other experts busy in each layer. An exponent of 1.4 is a stress: no gate that chooses distinct experts
      gives one expert that much. Time is for the whole model on one core; imbalance is maximum over mean device load,
      mean over layers, for the median seed and the worst. No placement is below the lower bound.

      Exit status: 0 done, 1 a file could not be written, 2 the command line could not be understood.
      """)

  @Option(help: "Loads of how many seeds are planned.")
  var seeds = 5

  @Option(help: "The first of them.")
  var seed: UInt64 = 1

  @Option(help: "How often each is repeated for the time it takes.")
  var repetitions = 20

  @Flag(help: "Measure clusters that grow to 1024 experts and 4096 devices instead.")
  var growth = false

  @Option(help: ArgumentHelp("Write the rows as JSON.", valueName: "file"))
  var json: String?

  func validate() throws {
    guard (1...1000).contains(seeds) else { throw ValidationError("--seeds is \(seeds); allowed is 1 to 1000") }
    guard (1...10_000).contains(repetitions) else {
      throw ValidationError("--repetitions is \(repetitions); allowed is 1 to 10000")
    }
  }

  func run() throws {
    let bench = PlanBench(seeds: (0..<UInt64(seeds)).map { seed &+ $0 }, repetitions: repetitions)
    var rows: [PlanBench.Row] = []
    for scale in growth ? PlanBench.growth : PlanBench.models {
      for exponent in [0.6, 1.0, 1.4] {
        rows.append(try input { () throws(PlanBenchError) in try bench.row(scale, exponent: exponent) })
      }
    }
    print(PlanBench.table(rows).text, terminator: "")
    if let json { try writeJSON(rows, to: json) }
  }
}

import ArgumentParser
import BallastOperations

/// `ballast figure mass`.
struct MassFigureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mass",
    abstract: "Show how the controller of top-p's mass answers to steps.",
    discussion: """
      32 experts, at most 12 of them for a token, 256 tokens an update. The target steps up and down, then to what the
      limit of 12 cannot meet, and back; at last tokens become harder. Logits are seeded.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @Option(help: "Decides every random choice.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Write the plot.", valueName: "file"))
  var svg: String?

  @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
  var json: String?

  func run() throws {
    for path in [svg, json].compactMap({ $0 }) { try checkWritable(path) }
    let figure = try input { () throws(BenchError) in try MassFigure(seed: seed) }
    print(figure.table.text, terminator: "")
    if let svg { try writeText(figure.plot.file, to: svg) }
    if let json { try writeJSON(figure, to: json) }
  }
}

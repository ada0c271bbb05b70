import ArgumentParser
import BallastOperations

/// `ballast figure drift`.
struct DriftFigureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drift",
    abstract: "Show how soon drift of the routing is found on recorded traces, and how often chance is taken for it.",
    discussion: """
      Each file is a segment, one kind of traffic, or every --segment-rows rows of it. Two things are measured:

      false alarms   windows resampled from one segment, token by token and in stretches of the recording that are drawn
                     whole, judged against a window of the same segment
      switches       every ordered pair of segments, the windows of one after those of the other, as recorded

      The plot shows all segments in a row; where drift is found, the window becomes the new reference, as a plan makes it.
      Traces of counts do not tell token from token and are not resampled.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @Argument(
    help: ArgumentHelp(
      "Recorded routing: per-token expert ids [tokens, layers, k], or counts [windows, layers, experts].",
      valueName: "trace"))
  var traces: [String]

  @Option(help: "Rows of the trace in a window: tokens of ids, recorded windows of counts.")
  var window: Int

  @Option(help: "Rows of a file that are one kind of traffic (default: all).")
  var segmentRows: Int?

  @Option(help: "Experts in each layer (default: what meta.json beside the trace says).")
  var experts: Int?

  @Option(help: "Share of windows of one load that may be taken for drift.")
  var falseAlarmRate = 0.001

  @Option(help: "Resampled windows judged for each segment, at least.")
  var resamples = 1000

  @Option(help: "Decides what is drawn.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Write the plot.", valueName: "file"))
  var svg: String?

  @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
  var json: String?

  func run() async throws {
    for path in [svg, json].compactMap({ $0 }) { try checkWritable(path) }
    var read: [RoutingTrace] = []
    for path in traces {
      read.append(try input { () throws(ArrayError) in try RoutingTrace.read(path, experts: experts) })
    }
    let figure = try input { () throws(DriftFigureError) in
      try DriftFigure(
        DriftSegment.cut(read, segmentRows: segmentRows, windowRows: window), windowRows: window,
        expertsPerToken: read.first?.expertsPerToken ?? 1, chance: falseAlarmRate, resamples: resamples, seed: seed)
    }
    if !figure.stationary.isEmpty { print(figure.stationaryTable.text) }
    if !figure.switches.isEmpty { print(figure.switchTable.text) }
    print(figure.summary)
    if let svg { try writeText(figure.plot.file, to: svg) }
    if let json { try writeJSON(figure, to: json) }
  }
}

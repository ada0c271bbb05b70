public import ArgumentParser
public import Ballast
public import BallastControl
import BallastOperations
import BallastRuntime
import Foundation

/// `ballast replay`: a policy over recorded traffic.
struct ReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Run a placement policy over recorded routing on a simulated cluster.",
    discussion: """
      Each window is judged with the placement planned from the windows before it: every batch of it (the whole window
      unless --batch is given) is divided over the replicas so that the busiest device is as idle as possible. Window 0
      only teaches. Imbalance is maximum over mean device tokens, mean over layers and batches.

      static   one copy of each expert, contiguous, for ever
      greedy   replicate and pack from scratch after every window
      ballast  Ballast's own control loop, which moves only what pays over --plan-life windows

      Traces of ids also tell how often a token changes device between layers, by gate weight where --gates are given.
      With --affinity the ballast policy lowers that as far as it is worth the balance it costs.

      The simulated device computes at 4e14 operations a second, a copy moves over the link at --link-bandwidth.

      Windows never straddle files; rows that do not fill a window are left out.

      Exit status: 0 done, 1 a file could not be used or the copies do not fit, 2 the command line could not be
      understood.
      """)

  @Argument(
    help: ArgumentHelp(
      "Recorded routing: per-token expert ids [tokens, layers, k], or counts [windows, layers, experts].",
      valueName: "trace"))
  var traces: [String]

  @OptionGroup var cluster: ClusterOptions

  @Option(help: "Rows of the trace in a window: tokens of ids, recorded windows of counts.")
  var window: Int

  @Option(help: "Tokens in a batch (traces of ids only); the whole window when left out.")
  var batch: Int?

  @Option(help: "Experts in each layer (default: what meta.json beside the trace says).")
  var experts: Int?

  @Option(
    parsing: .upToNextOption,
    help: "Gate weights of each trace of ids, in the order of the traces; checked, not needed for balance.")
  var gates: [String] = []

  @Flag(
    help: """
      Let devices with room borrow replicas for a batch (least-loaded expert parallelism), judged in tokens: what is \
      borrowed is reported, its transfer costs no time unless --borrow-bandwidth is given.
      """)
  var borrow = false

  @Option(help: "With --borrow: bytes a second at which a borrowed replica comes before its tokens are computed.")
  var borrowBandwidth: String?

  @Option(
    help:
      "What a nanosecond of link time counts beside one of the busiest device, for ballast on traces of ids; 0 is nothing."
  )
  var affinity = 0.0

  @Option(help: "Bytes a token carries when it changes device between layers.")
  var tokenBytes = 8192

  @Option(
    help: """
      What becomes of routing that drifts from what was planned for: off, report, or adapt, by which the ballast policy \
      forgets older windows sooner while it lasts.
      """)
  var drift = DriftMode.report

  @Option(help: "Who places the replicas: static, greedy or ballast.")
  var policy: ReplayPolicy

  @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
  var json: String?

  @Option(
    help: ArgumentHelp(
      "Write the placement each window met, [window][layer][device][expert], as JSON.", valueName: "file"))
  var placements: String?

  @Option(
    help: ArgumentHelp(
      "Write a report with plots, one HTML file; the other policies are replayed beside.", valueName: "file"))
  var report: String?

  func validate() throws {
    guard window > 0 else { throw ValidationError("--window is \(window); it must be at least 1") }
    guard batch ?? 1 > 0 else { throw ValidationError("--batch is \(batch ?? 0); it must be at least 1") }
    guard (1...65_535).contains(experts ?? 1) else {
      throw ValidationError("--experts is \(experts ?? 0); allowed is 1 to 65535")
    }
    guard affinity >= 0, affinity <= 1e6 else {
      throw ValidationError("--affinity is \(affinity); allowed is 0 to 1000000")
    }
    guard (1...1 << 30).contains(tokenBytes) else {
      throw ValidationError("--token-bytes is \(tokenBytes); allowed is 1 to \(1 << 30)")
    }
    guard borrow || borrowBandwidth == nil else { throw ValidationError("--borrow-bandwidth needs --borrow") }
    guard gates.isEmpty || gates.count == traces.count else {
      throw ValidationError("--gates has \(gates.count) files for \(traces.count) traces; give one for each or none")
    }
  }

  func run() async throws {
    let traces = try readTraces()
    let windows = try input { () throws(TraceWindowsError) in
      try TraceWindows(traces, rows: window, batchTokens: batch)
    }
    let model = try cluster.model(
      layers: windows.layers, experts: windows.experts, expertsPerToken: windows.expertsPerToken)
    var configuration = Replay.configuration(copies: model.copies, planLifeWindows: cluster.planLife)
    configuration.drift.mode = drift
    configuration.affinity = AffinityConfiguration(coefficient: affinity, bytesPerToken: tokenBytes)
    let replay = Replay(
      model: model, policy: policy, configuration: configuration,
      borrow: try borrowing())
    let progress = Progress(total: windows.count, noun: "windows")
    let outcome = try await input { () async throws(ReplayError) in
      try await replay.run(windows, progress: { progress.advance(to: $0 + 1) }, transitions: windows.transitions)
    }
    progress.finish()
    print(ReplaySummary(outcome.result).text)
    try write(outcome, model)
    guard let report else { return }
    // What a figure is worth shows beside the other policies.
    var others: [Replay.Outcome] = []
    for other in ReplayPolicy.allCases where other != policy {
      let replay = Replay(model: model, policy: other, configuration: configuration, borrow: replay.borrow)
      others.append(
        try await input { () async throws(ReplayError) in
          try await replay.run(windows, transitions: windows.transitions)
        })
    }
    try writeText(ReplayReport(outcome, model: model, others: others).html, to: report)
  }

  private func borrowing() throws(InputError) -> ReplayBorrowing? {
    guard borrow else { return nil }
    guard let borrowBandwidth else { return ReplayBorrowing() }
    let link = try input { () throws(UnitError) in try ByteCount(parsing: borrowBandwidth) }
    return ReplayBorrowing(linkBytesPerSecond: Double(max(link.bytes, 1)))
  }

  private func readTraces() throws(InputError) -> [RoutingTrace] {
    var read: [RoutingTrace] = []
    for (index, path) in traces.enumerated() {
      let gates = gates.indices.contains(index) ? gates[index] : nil
      read.append(try input { () throws(ArrayError) in try RoutingTrace.read(path, experts: experts, gates: gates) })
    }
    return read
  }

  private func write(_ outcome: Replay.Outcome, _ model: ReplayModel) throws(InputError) {
    if let json { try writeJSON(outcome.result, to: json) }
    if let placements {
      let devices = model.topology.devices.count
      let all = outcome.placements.map { PlanDocument.experts($0, devices: devices) }
      try writeJSON(["placements": all], to: placements)
    }
  }
}

extension ReplayPolicy: ExpressibleByArgument {}
extension DriftMode: ExpressibleByArgument {}

import ArgumentParser
import Ballast
import BallastControl
import BallastOperations
import BallastRuntime
import BallastServing
import Foundation

/// `ballast run`: the main job.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Serve a language model with and without the balancer, and compare.",
    discussion: """
      Serves requests over the texts, prefill and teacher-forced decode, while the mix of domains shifts. Two arms take
      turns on the same seeded request lists, inside the same bytes: static (contiguous placement, one copy of each
      expert, full precision) and adaptive (Ballast: replicas and precision follow the load). Prints one line a tick
      and a table at the end. Defaults: the bundled byte-level model and texts, lengths drawn from the seed.
      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var source: ModelOptions

  @Option(help: "Devices: groups of workers with memory of their own, one core each.")
  var devices = 2

  @Option(help: "Serving threads; each batches up to \(RunSettings.sequencesPerLane) sequences.")
  var lanes = 1

  @Option(help: "Most bytes of a request, prompt and continuation (at most the model's context).")
  var context = 128

  @Option(
    help: ArgumentHelp(
      "Bytes, or a share of the experts at full precision, that either arm may hold (default: the configuration's planner.memoryBudgetShare).",
      valueName: "bytes|share"))
  var memoryBudget: String?

  @Option(
    help: ArgumentHelp(
      "Share of the experts' bytes at full precision that the adaptive arm may hold, staging included; experts beyond it are stored (default: every expert stays resident).",
      valueName: "fraction"))
  var resident: Double?

  @Option(
    help:
      "Who serves tokens of stored experts: what is stored, exactly, or a substitute among resident ones (default: the configuration's planner.residency, or what is stored)."
  )
  var evicted: EvictedServing?

  @Option(
    help: ArgumentHelp(
      "Request lengths from TIMESTAMP,ContextTokens,GeneratedTokens, scaled to the context (default: drawn from the seed).",
      valueName: "csv"))
  var arrivals: String?

  @Option(help: ArgumentHelp("Configuration, YAML or JSON; watched while running.", valueName: "file"))
  var config: String?

  @Option(help: "Decides every random choice.")
  var seed: UInt64 = 1

  @Option(help: "How long the whole run takes, about; sizes the request lists.")
  var seconds = 60.0

  @Option(help: "Times both arms take turns (default: one for every five seconds, 5 to 12).")
  var pairs: Int?

  @Option(help: "Devices of the simulated cluster the same routing is shown on.")
  var simulatedDevices = 8

  @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("Write a report with plots, one HTML file.", valueName: "file"))
  var report: String?

  @OptionGroup(title: "Gate of the adaptive arm")
  var gate: GateOptions

  @OptionGroup(title: "Traffic")
  var traffic: TrafficOptions

  @Flag(help: "Print no line a tick.")
  var quiet = false

  func validate() throws {
    guard (1...1024).contains(devices) else { throw ValidationError("--devices is \(devices); allowed is 1 to 1024") }
    guard (1...256).contains(lanes) else { throw ValidationError("--lanes is \(lanes); allowed is 1 to 256") }
    guard (16...1 << 20).contains(context) else {
      throw ValidationError("--context is \(context); allowed is 16 to \(1 << 20)")
    }
    if let resident, !(resident > 0 && resident <= 1) {
      throw ValidationError("--resident is \(resident); it must be above 0 and at most 1")
    }
    guard evicted == nil || resident != nil else {
      throw ValidationError("--evicted says who serves tokens of stored experts; give --resident as well")
    }
    if let pairs, !(1...1000).contains(pairs) {
      throw ValidationError("--pairs is \(pairs); allowed is 1 to 1000")
    }
    guard (1...1024).contains(simulatedDevices) else {
      throw ValidationError("--simulated-devices is \(simulatedDevices); allowed is 1 to 1024")
    }
    guard seconds >= 1, seconds <= 1e6 else {
      throw ValidationError("--seconds is \(seconds); allowed is 1 to 1000000")
    }
  }

  func run() async throws {
    for path in [json, report].compactMap({ $0 }) { try checkWritable(path) }
    let watched = try configurationFile()
    let settings = try settings(watched?.configuration ?? environmentConfiguration())
    let relief = traffic.applied(to: settings.configuration.relief)
    guard relief.queueTarget == 0 || gate.applied(to: settings.configuration.gate).kind != .topK else {
      throw InputError(
        "--queue-target is \(relief.queueTarget), but top-k has nothing to spare; give --gate topp or confidence")
    }
    let comparison = try await Comparison(settings, watching: watched, prints: !quiet)
    let outcome = try await comparison.run()
    print(RunTable(outcome.result, settings).text)
    if let json { try writeJSON(outcome.result, to: json) }
    if let report { try writeText(RunReport(outcome, settings).html, to: report) }
  }

  private func configurationFile() throws(InputError) -> ConfigurationFile? {
    guard let config else { return nil }
    return try input { () throws(ConfigurationError) in
      try ConfigurationFile(path: config, environment: ProcessInfo.processInfo.environment)
    }
  }

  private func environmentConfiguration() throws(InputError) -> BalancerConfiguration {
    try input { () throws(ConfigurationError) in
      try ConfigurationSchema.configuration(
        text: "", file: "environment", environment: ProcessInfo.processInfo.environment)
    }
  }

  private func settings(_ configuration: BalancerConfiguration) throws(InputError) -> RunSettings {
    let checkpoint = try source.checkpoint()
    let texts = try source.texts()
    let lengths = try input { () throws(WorkloadError) in
      try arrivals.map { (path) throws(WorkloadError) in
        try Arrivals(path: path).scaled(contextBytes: min(context, checkpoint.configuration.contextTokens))
      }
    }
    let evicting = evicting(configuration)
    return RunSettings(
      checkpoint: checkpoint, texts: texts, lengths: lengths,
      contextBytes: min(context, checkpoint.configuration.contextTokens), devices: devices, lanes: lanes,
      budgetBytes: try budgetBytes(checkpoint, configuration), residentShare: share(evicting),
      configuration: evicting, gate: gate, traffic: traffic,
      seconds: seconds,
      pairs: pairs ?? min(12, max(5, Int(seconds / 5))),
      seed: seed, simulatedDevices: simulatedDevices)
  }

  /// The configuration with experts that may be evicted, where a share is asked for.
  private func evicting(_ configuration: BalancerConfiguration) -> BalancerConfiguration {
    guard resident != nil else { return configuration }
    var next = configuration
    if let evicted { next.planner.residency = evicted.policy }
    if !next.planner.residency.mayEvict { next.planner.residency = .stored }
    return next
  }

  /// What the adaptive arm may hold where experts may be evicted; a budget below all of them asks for that as well.
  private func share(_ configuration: BalancerConfiguration) -> Double? {
    let budget = configuration.planner.memoryBudgetShare
    return resident ?? (configuration.planner.residency.mayEvict && memoryBudget == nil && budget < 1 ? budget : nil)
  }

  private func budgetBytes(
    _ checkpoint: MixtralCheckpoint, _ configuration: BalancerConfiguration
  ) throws(InputError) -> Int {
    // Beside an arm that evicts, the static one holds everything.
    let isAll = share(evicting(configuration)) == nil
    var budget = MemoryAllowance.share(
      isAll ? configuration.planner.memoryBudgetShare : max(1, configuration.planner.memoryBudgetShare))
    if let memoryBudget {
      budget = try input { () throws(UnitError) in try MemoryAllowance(parsing: memoryBudget) }
    }
    let full = try ServingArm.shape(checkpoint).fullBytes
    let bytes = budget.bytes(fullBytes: full)
    guard bytes >= full else {
      throw InputError(
        "the memory budget is \(bytes) bytes, but the static arm needs \(full), one copy of each expert at full precision; raise --memory-budget"
      )
    }
    return bytes
  }
}

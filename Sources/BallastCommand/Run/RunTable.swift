import BallastControl
import BallastOperations
import BallastRuntime

/// The end of a run for the terminal: both arms side by side, and what bounds the gain.
struct RunTable {
  private let result: RunResult
  private let settings: RunSettings

  init(_ result: RunResult, _ settings: RunSettings) {
    self.result = result
    self.settings = settings
  }

  /// Everything, a table first.
  var text: String { reportTable.text + "\n" + notes.joined(separator: "\n\n") }

  /// What the table means, a paragraph each.
  var notes: [String] { [ratios, bound] + gate + (result.simulated.map { [simulated($0)] } ?? []) }

  /// Both arms side by side.
  var reportTable: ReportTable {
    ReportTable(columns: ["median of \(result.alternations.count) turns each", "static", "adaptive"], rows: rows)
  }

  private var rows: [[String]] {
    [
      row("tokens per second") { fixed($0.tokensPerSecond, 0) },
      row("step p50, ms") { fixed($0.stepMilliseconds.p50, 3) },
      row("step p99, ms") { fixed($0.stepMilliseconds.p99, 3) },
      row("step p99.9, ms") { fixed($0.stepMilliseconds.p999, 3) },
      row("of it on experts, p50, ms") { fixed($0.expertMilliseconds.p50, 3) },
      row("step p99 while a plan is applied, ms") { $0.stepMillisecondsWhileApplying.map { fixed($0.p99, 3) } ?? "-" },
      row("steps while a plan is applied") { "\($0.stepsWhileApplying) of \($0.steps)" },
      row("steps that waited for a plan") { "\($0.stepsWaited)" },
      row("expert imbalance") { fixed($0.expertImbalance, 3) },
      row("replica imbalance") { fixed($0.replicaImbalance, 3) },
      row("device imbalance") { fixed($0.deviceImbalance, 4) },
    ] + rounds + [
      row("bytes, peak with staging") { "\($0.bytes)" },
      row("bytes allowed") { "\($0.budgetBytes)" },
      row("bits per byte") { fixed($0.bitsPerByte, 5) },
      row("next-byte accuracy") { fixed($0.nextByteAccuracy * 100, 3) + " %" },
      row("mean experts a token") { fixed($0.meanExperts, 3) },
      row("tokens escalated to exact experts") { $0.escalatedShare.map { fixed($0 * 100, 2) + " %" } ?? "-" },
      row("choices below the precision asked for") { fixed($0.unmetShare * 100, 2) + " %" },
      row("requests waiting, most") { $0.mostWaiting.map { "\($0)" } ?? "-" },
      row("steps of relief") { "\($0.reliefSteps)" },
      row("plans applied") { "\($0.plansApplied)" },
      row("replicas by precision") { figures in
        figures.precisionShare.sorted { $0.key < $1.key }.map { "\(fixed($0.value * 100, 0))% \($0.key)" }
          .joined(separator: " ")
      },
      row("experts resident, at the end") { fixed($0.residentShare * 100, 1) + " %" },
      row("choices served from storage") { fixed($0.storedShare * 100, 2) + " %" },
      row("choices served by a substitute") { fixed($0.substitutedShare * 100, 2) + " %" },
      row("control loop, share of a core") { fixed($0.controlCoreShare * 100, 2) + " %" },
    ]
  }

  /// What each round of a layer met, where layers take several.
  private var rounds: [[String]] {
    guard result.static.imbalanceByRound.count > 1 else { return [] }
    return result.static.imbalanceByRound.indices.flatMap { round in
      [
        row("round \(round): expert imbalance") { fixed($0.imbalanceByRound[round].expert, 3) },
        row("round \(round): device imbalance") { fixed($0.imbalanceByRound[round].device, 4) },
      ]
    }
  }

  private func row(_ name: String, _ value: (ArmFigures) -> String) -> [String] {
    [name, value(result.static), value(result.adaptive)]
  }

  private var ratios: String {
    let excess = (result.static.deviceImbalance - 1) / max(result.adaptive.deviceImbalance - 1, 1e-9)
    return """
      throughput, adaptive over static: \(fixed(result.throughputRatio, 3)) (median of the pairs)
      replica imbalance is \(fixed(result.adaptive.expertImbalance / result.adaptive.replicaImbalance, 2)) times below expert imbalance
      the excess of device imbalance over 1 is \(fixed(excess, 1)) times smaller
      """
  }

  /// What the adaptive arm's gate costs and saves, when it is not the model's own.
  private var gate: [String] {
    let gate = settings.gate.applied(to: settings.configuration.gate)
    guard gate.kind != .topK else { return [] }
    let bits = result.adaptive.bitsPerByte / result.static.bitsPerByte - 1
    return [
      """
      gate: \(gate.summary); the static arm keeps top-k, so its ratios above include what the gate saves
      \(fixed(result.adaptive.meanExperts / result.static.meanExperts, 3)) times the experts a token, \(fixed(bits * 100, 3)) % more bits per byte
      """
    ]
  }

  private var bound: String {
    let imbalance = result.static.deviceImbalance
    return """
      the bound: with \(settings.devices) devices the static arm's busiest takes \(fixed(imbalance, 3)) times the mean, so balance alone can \
      shorten expert time by at most \(fixed((1 - 1 / imbalance) * 100, 1)) %; anything beyond comes from lower precision
      """
  }

  private func simulated(_ figures: RunResult.Simulated) -> String {
    """
    simulated: the same routing on \(figures.devices) devices, each tick's traffic as one batch, \
    4e14 operations a second a device, 50 GB/s links
      static   device imbalance \(fixed(figures.staticDeviceImbalance, 3)), \(fixed(figures.staticStepMicroseconds, 2)) µs a batch
      ballast  device imbalance \(fixed(figures.adaptiveDeviceImbalance, 3)), \(fixed(figures.adaptiveStepMicroseconds, 2)) µs a batch, \
    \(figures.copies) copies a layer, \(fixed(figures.copiesMovedShare * 100, 1)) % moved a window
    """
  }
}

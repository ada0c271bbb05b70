/// What `ballast run` found: medians of both arms, and every alternation.
struct RunResult: Codable {
  /// Both arms on one request list.
  struct Alternation: Codable {
    var `static`: ArmFigures
    var adaptive: ArmFigures
  }

  /// The same traffic's routing on a simulated cluster.
  struct Simulated: Codable {
    /// Simulated devices.
    var devices: Int
    /// Replicas per layer.
    var copies: Int
    /// Device imbalance of contiguous single copies.
    var staticDeviceImbalance: Double
    /// Device imbalance under Ballast.
    var adaptiveDeviceImbalance: Double
    /// Simulated microseconds of a batch, all layers, contiguous single copies.
    var staticStepMicroseconds: Double
    /// The same under Ballast.
    var adaptiveStepMicroseconds: Double
    /// Share of copies moved a window.
    var copiesMovedShare: Double
  }

  /// Medians over the alternations.
  var `static`: ArmFigures
  /// Medians over the alternations.
  var adaptive: ArmFigures
  /// Adaptive over static tokens a second, median of the pairs' ratios.
  var throughputRatio: Double
  /// Every pair, in order.
  var alternations: [Alternation]
  /// The same routing on more devices than this machine has.
  var simulated: Simulated?

  /// Medians of `alternations`, which is not empty.
  init(_ alternations: [Alternation], simulated: Simulated?) {
    self.alternations = alternations
    self.simulated = simulated
    `static` = ArmFigures.medians(alternations.map(\.static))
    adaptive = ArmFigures.medians(alternations.map(\.adaptive))
    throughputRatio = median(alternations.map { $0.adaptive.tokensPerSecond / $0.static.tokensPerSecond })
  }
}

/// The middle of `values`; the mean of the two middles of an even number; 0 of none.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard !sorted.isEmpty else { return 0 }
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

extension ArmFigures {
  /// The median of every figure; counts are summed, the rest of the last run stands.
  static func medians(_ runs: [ArmFigures]) -> ArmFigures {
    var middle = runs[runs.count - 1]
    func median(_ figure: (ArmFigures) -> Double) -> Double { BallastCommand.median(runs.map(figure)) }
    middle.tokensPerSecond = median(\.tokensPerSecond)
    middle.stepMilliseconds = .medians(runs.map(\.stepMilliseconds))
    middle.expertMilliseconds = .medians(runs.map(\.expertMilliseconds))
    let applying = runs.compactMap(\.stepMillisecondsWhileApplying)
    middle.stepMillisecondsWhileApplying = applying.isEmpty ? nil : .medians(applying)
    middle.stepsWhileApplying = runs.reduce(0) { $0 + $1.stepsWhileApplying }
    middle.steps = runs.reduce(0) { $0 + $1.steps }
    middle.expertImbalance = median(\.expertImbalance)
    middle.replicaImbalance = median(\.replicaImbalance)
    middle.deviceImbalance = median(\.deviceImbalance)
    middle.imbalanceByRound = middle.imbalanceByRound.indices.map { round in
      Imbalance(
        expert: median { $0.imbalanceByRound[round].expert }, replica: median { $0.imbalanceByRound[round].replica },
        device: median { $0.imbalanceByRound[round].device })
    }
    middle.bytes = runs.map(\.bytes).max() ?? 0
    middle.bitsPerByte = median(\.bitsPerByte)
    middle.nextByteAccuracy = median(\.nextByteAccuracy)
    middle.meanExperts = median(\.meanExperts)
    let escalated = runs.compactMap(\.escalatedShare)
    middle.escalatedShare = escalated.isEmpty ? nil : BallastCommand.median(escalated)
    middle.unmetShare = median(\.unmetShare)
    middle.mostWaiting = runs.compactMap(\.mostWaiting).max()
    middle.reliefSteps = runs.reduce(0) { $0 + $1.reliefSteps }
    middle.plansApplied = runs.reduce(0) { $0 + $1.plansApplied }
    middle.stepsWaited = runs.reduce(0) { $0 + $1.stepsWaited }
    middle.storedShare = median(\.storedShare)
    middle.substitutedShare = median(\.substitutedShare)
    middle.controlCoreShare = median(\.controlCoreShare)
    return middle
  }
}

extension ArmFigures.Percentiles {
  /// The median of every percentile.
  fileprivate static func medians(_ runs: [Self]) -> Self {
    Self(p50: median(runs.map(\.p50)), p99: median(runs.map(\.p99)), p999: median(runs.map(\.p999)))
  }
}

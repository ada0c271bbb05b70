package import BallastControl
import BallastRuntime

/// Every key of a balancer's configuration; decoding, the annotated default and the environment all come from here.
public enum ConfigurationSchema {
  /// The keys, in the order they are explained and applied: a policy comes before what it carries.
  public static let keys: [ConfigurationKey] =
    top + estimator + controller + drift + planner + affinity + rollout + dispatch + gate + relief

  /// The memory budgets that make sense: a hundredth to four copies of everything.
  package static let memoryBudgetShares = 0.01...4.0

  /// A condition that joins two keys.
  package struct Rule: Sendable {
    /// The key an error names.
    package let path: String
    /// What must hold, in words.
    package let requirement: String
    package let holds: @Sendable (BalancerConfiguration) -> Bool
  }

  /// What must hold between keys.
  package static let rules: [Rule] = [
    Rule(path: "controller.enterImbalance", requirement: "must exceed controller.leaveImbalance") {
      $0.controller.enterImbalance > $0.controller.leaveImbalance
    },
    Rule(path: "estimator.decodeWeight", requirement: "must exceed 0 when estimator.prefillWeight is 0") {
      $0.estimator.decodeWeight + $0.estimator.prefillWeight > 0
    },
    Rule(path: "gate.expertsAtLeast", requirement: "must not exceed gate.expertsAtMost") {
      $0.gate.expertsAtLeast <= $0.gate.expertsAtMost
    },
    Rule(path: "relief.queueTarget", requirement: "must be 0 unless gate.kind is topp or confidence") {
      $0.relief.queueTarget == 0 || $0.gate.kind != .topK
    },
    Rule(path: "gate.stepMilliseconds", requirement: "must be 0 when gate.meanExperts is held") {
      $0.gate.stepMilliseconds == 0 || $0.gate.meanExperts == 0
    },
  ]

  private static let top: [ConfigurationKey] = [
    .choice("mode", \.mode, "How far the control loop goes: observe counts, advise plans and reports, act applies."),
    .integer("tickMilliseconds", \.tickMilliseconds, 1...3_600_000, "Time between ticks, in milliseconds."),
    .integer("laneLimit", \.laneLimit, 1...65_536, "Lanes that may exist at once.", isFixed: true),
  ]

  private static let estimator: [ConfigurationKey] = [
    .integer(
      "estimator.windowTokens", \.estimator.windowTokens, 1...1_000_000_000,
      "Tokens through the busiest layer that a window reaches back."),
    .number(
      "estimator.halfLifeTicks", \.estimator.halfLifeTicks, 0...1_000_000,
      "Ticks after which an older window counts half; 0 takes the newest window alone."),
    .integer(
      "estimator.historyWindows", \.estimator.historyWindows, 1...1024,
      "Recent windows a placement is judged by, each by itself."),
    .number(
      "estimator.driftSensitivity", \.estimator.driftSensitivity, 0...1000,
      "How quickly a window counts less the more it differs from the newest; 0 for never."),
    .number("estimator.prefillWeight", \.estimator.prefillWeight, 0...1000, "What a prefill token counts."),
    .number("estimator.decodeWeight", \.estimator.decodeWeight, 0...1000, "What a decode token counts."),
    .integer(
      "estimator.samplingInterval", \.estimator.samplingInterval, 0...1_000_000,
      "One batch in this many is sampled for importance and errors; 0 samples none."),
  ]

  private static let controller: [ConfigurationKey] = [
    .number(
      "controller.enterImbalance", \.controller.enterImbalance, 1...1000,
      "Device imbalance at which a change begins to be wanted; above leaveImbalance."),
    .number(
      "controller.leaveImbalance", \.controller.leaveImbalance, 1...1000,
      "Device imbalance below which the controller is content again."),
    .integer(
      "controller.dwellTicks", \.controller.dwellTicks, 1...1_000_000,
      "Ticks the imbalance must persist before a plan is made."),
    .integer(
      "controller.cooldownTicks", \.controller.cooldownTicks, 0...1_000_000,
      "Ticks after a plan in which no other is made."),
    .integer(
      "controller.reviewTicks", \.controller.reviewTicks, 1...1_000_000_000,
      "Ticks of balance after which a plan is sought all the same."),
    .integer(
      "controller.planLifeTicks", \.controller.planLifeTicks, 1...1_000_000_000,
      "How long a plan is expected to serve, in ticks: what its gain is multiplied by."),
    .number(
      "controller.gainSafetyFactor", \.controller.gainSafetyFactor, 1...1000,
      "Gain over the plan's life must exceed this many times the cost of moving."),
  ]

  private static let planner: [ConfigurationKey] = [
    .number(
      "planner.memoryBudgetShare", \.planner.memoryBudgetShare, memoryBudgetShares,
      "Bytes all replicas may take, staging included, as a share of one copy of each expert at full precision.",
      isFixed: true),
    .integer(
      "planner.stagingReserveExperts", \.planner.stagingReserveExperts, 1...1024,
      "Experts' worth of bytes kept free on every device, so that a change can be staged.",
      isFixed: true),
    .number(
      "planner.qualityBudget", \.planner.qualityBudget, 0...1,
      "Most a layer's quality may be forecast to suffer; 0 forbids low precision."),
    .number(
      "planner.replicaErrorBound", \.planner.replicaErrorBound, 0...1000,
      "Most one replica's measured relative output error may be; beyond it the replica is promoted back."),
    .choice("planner.leastPrecision", \.planner.leastPrecision, "The least exact precision a plan may use."),
    .choice(
      "planner.residency", \.planner.residency,
      "Whether experts may leave device memory: all stay, or some are stored and their tokens are served from there or by a substitute.",
      isFixed: true),
    .number(
      "planner.residencyHalfLifeTicks", \.planner.residencyHalfLifeTicks, 0...1_000_000,
      "Ticks after which what an expert was needed for counts half; 0 never fades."),
    .number(
      "planner.moveBudgetShare", \.planner.moveBudgetShare, 0...1,
      "Most bytes one plan may move, as a share of the memory budget."),
    .integer(
      "planner.moveCopies", \.planner.moves.copies, 0...MoveBudget.unlimited, "Most replicas one plan may stage."),
    .integer(
      "planner.moveCopiesPerLayer", \.planner.moves.copiesPerLayer, 0...MoveBudget.unlimited,
      "Most replicas one plan may stage in a layer."),
    .integer(
      "planner.moveBytesPerLayer", \.planner.moves.bytesPerLayer, 0...MoveBudget.unlimited,
      "Most bytes one plan may stage in a layer."),
    .integer(
      "planner.moveBytesPerDevice", \.planner.moves.bytesPerDevice, 0...MoveBudget.unlimited,
      "Most bytes one plan may stage on a device."),
    .integer(
      "planner.moveBytesPerLink", \.planner.moves.bytesPerLink, 0...MoveBudget.unlimited,
      "Most bytes one plan may bring from one device to another."),
    .number(
      "planner.leastGain", \.planner.leastGain, 0...1,
      "Share of its layer's time that every staged replica must save; below it is noise."),
    .choice("planner.split", \.planner.split, "How an expert's tokens divide among its replicas, for judging."),
    .number(
      "planner.tailShare", \.planner.tailShare, 0...1,
      "Share of the judgement given to the p95 of recent windows; the rest is their mean."),
    .experts(
      "planner.pinned", \.planner.pinned,
      "Experts whose replicas no plan moves, copies, drops or stores otherwise."),
    .integer(
      "planner.searchRounds", \.planner.searchRounds, 0...1_000_000,
      "Rounds of placement search in each layer; more finds better balance and takes longer."),
  ]

  private static let affinity: [ConfigurationKey] = [
    .number(
      "affinity.coefficient", \.affinity.coefficient, 0...1_000_000,
      "What a nanosecond of link time counts beside one of the busiest device; 0 leaves affinity out.", isFixed: true),
    .integer(
      "affinity.bytesPerToken", \.affinity.bytesPerToken, 1...1 << 30,
      "Bytes a token carries when it changes device between layers.", isFixed: true),
    .integer(
      "affinity.sampledLanes", \.affinity.sampledLanes, 1...1024,
      "Lanes whose sampled batches are counted; each takes layers times experts squared words.", isFixed: true),
  ]

  private static let rollout: [ConfigurationKey] = [
    .number(
      "rollout.stagingTimeoutSeconds", \.rollout.stagingTimeoutSeconds, 0.001...86_400,
      "Longest one replica may take to stage before the plan is abandoned, in seconds."),
    .integer(
      "rollout.stagingBytesPerSecond", \.rollout.stagingBytesPerSecond, 0...1 << 48,
      "Most bytes staged in a second, so that serving keeps the memory bandwidth; 0 does not limit."),
    .integer(
      "rollout.retirementPatienceTicks", \.rollout.retirementPatienceTicks, 1...1_000_000,
      "Ticks a lane may hold retirement up before that is reported and plans go on in the bytes that are left."),
    .choice(
      "rollout.quantizer", \.rollout.quantizer,
      "How weights become low precision: plain rounds, weighted fits the tokens an expert has met.", isFixed: true),
  ]

  private static let dispatch: [ConfigurationKey] = [
    .choice(
      "dispatch.policy", \.dispatch.name,
      "Which replicas a batch may use: resident ones, borrowed copies too, or one pinned precision only."),
    .choice(
      "dispatch.pinnedPrecision", \.dispatch.pinnedPrecision, "The only precision used: results do not depend on load.",
      policy: .pinned),
    .number(
      "dispatch.imbalanceThreshold", \.dispatch.limits.imbalanceThreshold, 1...1000,
      "Borrowing starts when the busiest device exceeds the mean by this factor.", policy: .borrowing),
    .number(
      "dispatch.capacityFactor", \.dispatch.limits.capacityFactor, 1...1000,
      "A device takes at most this many times the mean load.", policy: .borrowing),
    .integer(
      "dispatch.minimumChunkTokens", \.dispatch.limits.minimumChunkTokens, 1...1_000_000_000,
      "Fewest tokens worth a matrix product of their own.", policy: .borrowing),
  ]
}

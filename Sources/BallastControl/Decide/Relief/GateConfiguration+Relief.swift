import BallastRuntime

extension GateConfiguration {
  /// The gate at a level of relief: what a token may spend falls in equal steps to the least.
  ///
  /// Top-p covers less mass, or holds as much less of its target; the confidence gate escalates fewer tokens, so that
  /// more are served by cheap replicas. Top-k has nothing to spare.
  func relieved(level: Int, by relief: ComputeReliefConfiguration) -> GateConfiguration {
    let share = Double(max(level, 0)) / Double(max(relief.levels, 1))
    var next = self
    switch kind {
    case .topK: break
    case .topP:
      next.mass = mass - max(0, mass - relief.leastMass) * min(share, 1)
      next.meanExperts = meanExperts * next.mass / mass
      next.stepMilliseconds = stepMilliseconds * next.mass / mass
    case .confidence:
      next.escalatedShare = escalatedShare - max(0, escalatedShare - relief.leastEscalatedShare) * min(share, 1)
    }
    return next
  }

  /// Whether it can spare anything.
  var canRelieve: Bool { kind != .topK }
}

public import BallastRuntime

/// What a plan may spend, and what it may use.
public struct PlannerConfiguration: Hashable, Sendable {
  /// Bytes all replicas may take, staging included, as a share of one copy of each expert at full precision.
  public var memoryBudgetShare: Double
  /// Experts' worth of bytes kept free on every device, so that a change can be staged; at least 1.
  public var stagingReserveExperts: Int
  /// Most a layer's quality may be forecast to suffer: Σ importance share · relative output error; 0 forbids low precision.
  public var qualityBudget: Double
  /// Most one replica's measured relative output error may be; beyond it the replica is promoted back.
  public var replicaErrorBound: Double
  /// The least exact precision a plan may use.
  public var leastPrecision: Precision
  /// Most bytes one plan may move, as a share of the memory budget.
  public var moveBudgetShare: Double
  /// Most that one plan may stage in other respects.
  public var moves: MoveBudget
  /// Share of its layer's time that every staged replica must save; below it is noise.
  public var leastGain: Double
  /// Replicas each layer holds in all, equally many on each device; nil lets the memory budget decide.
  public var copiesPerLayer: Int?
  /// How an expert's tokens are divided among its replicas, for judging a placement.
  public var split: SplitRule
  /// Rounds of placement search in each layer; more finds better balance and takes longer.
  public var searchRounds: Int
  /// Experts whose replicas no plan touches.
  public var pinned: PinnedExperts
  /// Share of the judgement that goes to the load nineteen recent windows in twenty do not exceed; the rest is their
  /// mean.
  public var tailShare: Double

  /// Whether experts may leave device memory, and who serves their tokens then.
  public var residency = ResidencyPolicy.all
  /// Ticks with samples after which what an expert was needed for counts half; 0 never fades.
  public var residencyHalfLifeTicks = 16.0

  /// The defaults keep inside the original bytes.
  public init(
    memoryBudgetShare: Double = 1, stagingReserveExperts: Int = 2, qualityBudget: Double = 0.02,
    replicaErrorBound: Double = 0.3,
    leastPrecision: Precision = .int8, moveBudgetShare: Double = 0.1, leastGain: Double = 0.002,
    copiesPerLayer: Int? = nil,
    split: SplitRule = .dispatch, searchRounds: Int = 64,
    tailShare: Double = 0, moves: MoveBudget = MoveBudget(), pinned: PinnedExperts = PinnedExperts()
  ) {
    self.memoryBudgetShare = memoryBudgetShare
    self.stagingReserveExperts = stagingReserveExperts
    self.qualityBudget = qualityBudget
    self.replicaErrorBound = replicaErrorBound
    self.leastPrecision = leastPrecision
    self.moveBudgetShare = moveBudgetShare
    self.leastGain = leastGain
    self.copiesPerLayer = copiesPerLayer
    self.split = split
    self.searchRounds = searchRounds
    self.tailShare = tailShare
    self.moves = moves
    self.pinned = pinned
  }
}

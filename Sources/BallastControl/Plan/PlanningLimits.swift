public import BallastRuntime

/// What a plan must keep within, and what moving costs, in the units of the model at hand.
public struct PlanningLimits: Hashable, Sendable {
  /// Bytes each device may hold while a plan is staged.
  public var stagingBytes: [Int]
  /// Bytes each device may hold once a plan is applied.
  public var residentBytes: [Int]
  /// Most bytes one plan may stage.
  public var moveBytes: Int
  /// Most a layer's quality may be forecast to suffer.
  public var qualityBudget: Double
  /// Most one replica's relative output error may be.
  public var replicaErrorBound: Double
  /// Precisions a plan may use, from the most exact to the least.
  public var precisions: [Precision]
  /// Replicas each device holds in each layer; nil lets bytes decide.
  public var replicasPerDevice: Int?
  /// Most that one plan may stage, in other respects than bytes in all.
  public var moves: MoveBudget
  /// Layers that may change; nil opens all.
  public var openLayers: Set<LayerID>?
  /// Share of the judgement that goes to the load nineteen scenarios in twenty do not exceed; the rest is their mean.
  public var tailShare: Double
  /// Nanoseconds a batch must gain for every byte staged, for the move to pay over the plan's life.
  public var nanosecondsPerByte: Double
  /// Share of its layer's time that every staged replica must save, whatever its bytes: what noise could feign.
  public var leastGain: Double
  /// Whether experts may be stored, so that bytes need not hold them all.
  public var mayEvict = false
  /// Experts whose replicas stay as they are.
  public var pinned = PinnedExperts()
  /// What a token that changes device between layers costs, beside device time.
  public var linkPrice = LinkPrice.free

  /// States the limits.
  public init(
    stagingBytes: [Int], residentBytes: [Int], moveBytes: Int, qualityBudget: Double,
    replicaErrorBound: Double = .infinity, precisions: [Precision],
    replicasPerDevice: Int? = nil, nanosecondsPerByte: Double = 0, leastGain: Double = 0,
    moves: MoveBudget = MoveBudget(), openLayers: Set<LayerID>? = nil, tailShare: Double = 0
  ) {
    self.stagingBytes = stagingBytes
    self.residentBytes = residentBytes
    self.moveBytes = moveBytes
    self.qualityBudget = qualityBudget
    self.replicaErrorBound = replicaErrorBound
    self.precisions = precisions
    self.replicasPerDevice = replicasPerDevice
    self.nanosecondsPerByte = nanosecondsPerByte
    self.leastGain = leastGain
    self.moves = moves
    self.openLayers = openLayers
    self.tailShare = tailShare
  }
}

extension PlanningLimits {
  /// Only the number of replicas on each device is limited, and moving is free.
  public static func unlimited(devices: Int, replicasPerDevice: Int?) -> PlanningLimits {
    let bytes = Array(repeating: Int.max / 4, count: devices)
    return PlanningLimits(
      stagingBytes: bytes, residentBytes: bytes, moveBytes: Int.max / 4, qualityBudget: 0, precisions: [],
      replicasPerDevice: replicasPerDevice)
  }
}

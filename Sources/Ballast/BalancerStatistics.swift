public import BallastControl
public import BallastRuntime

/// How a balancer stands at an instant.
public struct BalancerStatistics: Sendable {
  /// The replicas that exist for lanes.
  public let placement: Placement
  /// Publications since the first table.
  public let tableVersion: UInt64
  /// Ticks taken.
  public let ticks: Int
  /// Plans published.
  public let plansPublished: Int
  /// Plans abandoned half-way, with the old table kept.
  public let plansAbandoned: Int
  /// Bytes in use on each device.
  public let memory: [DeviceMemory]
  /// Bytes each device may hold, staging included.
  public let budgetBytesPerDevice: [Int]
  /// What served tokens showed of low precision, at the last tick that saw load; nil before.
  public let quality: QualityGuard?
  /// How far the routing lay from what was planned for, by the last window; nil before any could be compared.
  public let drift: RoutingDrift?
  /// Whether the routing counts as drifted, as of the last tick.
  public let isDrifting: Bool
  /// Times it has begun to.
  public let driftAlarms: Int
  /// How much computing tokens are spared, as of the last tick; 0 is nothing.
  public let reliefLevel: Int
  /// Times that has changed.
  public let reliefSteps: Int
  /// The oldest table generation a lane reads now; nil when none reads.
  public let oldestLaneGeneration: UInt64?
  /// The generation of the table lanes that begin a batch now read.
  public let currentGeneration: UInt64
  /// Replaced tables kept because a lane may be reading them.
  public let waitingTables: Int
  /// Whether replicas of earlier plans wait for a lane to leave, as of the last tick.
  public let isRetiring: Bool
  /// Times a lane has held retirement up for longer than `retirementPatienceTicks`.
  public let retirementDelays: Int
  /// The cost law in use.
  public let cost: CostModel
  /// What of the model was in device memory at the last tick that saw load; nil before.
  public let resident: ResidentShare?
  /// Choices of tokens that a stored replica has served.
  public let storedAssignments: Int
  /// Choices of tokens that another expert has served, since the chosen one was not resident.
  public let substitutedAssignments: Int
}

public import BallastRuntime

/// Why a placement cannot be changed by hand as asked.
public enum PlacementChangeError: Error, Hashable, CustomStringConvertible {
  /// A turn of the control loop is under way.
  case turnUnderWay
  /// Nothing has been counted that a plan could be made for.
  case nothingCounted
  /// Nothing has been published that could be taken back.
  case noEarlierPlacement
  /// The plan was made for another placement than the one in use; its version is nil when it states none.
  case stale(planVersion: UInt64?, tableVersion: UInt64)
  /// The step at which the plan is to be switched to lies behind.
  case switchStepPassed(UInt64, reached: UInt64)
  /// The placement breaks an invariant.
  case placement(PlacementError)
  /// The plan puts a replica on a device that does not serve.
  case deviceNotServing(DeviceID)
  /// A device cannot hold what it has, what waits to be retired and what is to be staged.
  case noRoom(DeviceID, neededBytes: Int, budgetBytes: Int)
  /// Replicas of devices that go cannot all stand elsewhere.
  case devices(RehomingError)
  /// What was learned is of another model or another cluster.
  case otherModel(String)

  /// The fact, with the value, the limit and what to do.
  public var description: String {
    switch self {
    case .turnUnderWay: "a turn of the control loop is under way; wait until it is over"
    case .nothingCounted: "nothing has been counted that a plan could be made for; record batches first"
    case .noEarlierPlacement: "nothing has been published that could be taken back"
    case .stale(let version?, let table):
      "the plan leads to version \(version), and the table in use has \(table); plan again"
    case .stale(nil, let table):
      "the plan does not begin with the placement in use, whose table has version \(table); plan again"
    case .switchStepPassed(let step, let reached):
      "the plan is to be switched to at step \(step), and serving has reached \(reached); take a later step"
    case .placement(let error): error.description
    case .deviceNotServing(let device): "the plan puts a replica on device \(device), which does not serve"
    case .noRoom(let device, let needed, let budget):
      "device \(device) would hold \(needed) bytes while the plan is applied; its budget is \(budget)"
    case .devices(let error): error.description
    case .otherModel(let difference): "what was learned is of another model: \(difference)"
    }
  }
}

public import BallastControl
public import BallastRuntime

/// Why a balancer cannot be made, or changed.
public enum BalancerError: Error, Hashable, CustomStringConvertible {
  /// The byte budget cannot hold the model.
  case memory(ByteBudgetError)
  /// The start placement breaks an invariant.
  case placement(PlacementError)
  /// The first placement could not be staged, or the executor could not measure itself.
  case staging(StagingError)
  /// The executor computes no stored replicas, and the configuration or the first placement asks for them.
  case noStore
  /// The first placement could not be compiled.
  case table(RoutingTableError)
  /// The devices cannot be taken out as asked.
  case devices(RehomingError)
  /// There is no such device.
  case unknownDevice(DeviceID, devices: Int)
  /// Experts that are to be pinned do not exist.
  case pinned(PinnedExpertsError)
  /// The named knob is not in its range.
  case knobOutOfRange(name: String, value: Int, allowed: ClosedRange<Int>)
  /// The named knob cannot change while the balancer runs.
  case fixedWhileRunning(String)

  /// The fact beneath.
  public var description: String {
    switch self {
    case .memory(let error): error.description
    case .placement(let error): error.description
    case .staging(let error): error.description
    case .noStore:
      "the executor computes no stored replicas; set planner.residency to all and place every expert in device memory"
    case .table(let error): error.description
    case .devices(let error): error.description
    case .pinned(let error): error.description
    case .unknownDevice(let device, let devices): "device \(device) is not one of 0 to \(devices - 1)"
    case .knobOutOfRange(let name, let value, let allowed):
      "\(name) is \(value); allowed is \(allowed.lowerBound) to \(allowed.upperBound)"
    case .fixedWhileRunning(let knob): "\(knob) cannot change while the balancer runs"
    }
  }
}

public import BallastRuntime

/// Why the replicas of devices that go cannot all stand elsewhere.
public enum RehomingError: Error, Hashable, CustomStringConvertible {
  /// No device would be left to serve.
  case noDeviceLeft(devices: Int)
  /// The statuses are not one for each device.
  case statusCount(statuses: Int, devices: Int)
  /// The last copy of an expert went with a lost device, and no device that serves has room for a new one.
  case noRoomForLostExpert(layer: LayerID, expert: ExpertID, neededBytes: Int, mostFreeBytes: Int)
  /// A draining device holds the last copy of an expert, and no device that serves has room for another.
  case lastCopyCannotLeave(layer: LayerID, expert: ExpertID, device: DeviceID, neededBytes: Int, mostFreeBytes: Int)

  /// The fact, with the quantities and what would help.
  public var description: String {
    switch self {
    case .noDeviceLeft(let devices): "none of \(devices) devices would be left to serve"
    case .statusCount(let statuses, let devices): "\(statuses) statuses for \(devices) devices; each needs one"
    case .noRoomForLostExpert(let layer, let expert, let needed, let free):
      "expert \(expert) of layer \(layer) has no copy left; a new one takes \(needed) bytes and the emptiest device has "
        + "\(free) free, so raise the memory budget or allow a lower precision"
    case .lastCopyCannotLeave(let layer, let expert, let device, let needed, let free):
      "device \(device) holds the last copy of expert \(expert) of layer \(layer); another takes \(needed) bytes and the "
        + "emptiest device has \(free) free, so it cannot be drained"
    }
  }
}

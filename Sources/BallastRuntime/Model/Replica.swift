/// One copy of one expert, on one device, at one precision.
///
/// The layer is known from where it stands.
public struct Replica: Hashable, Sendable {
  /// The expert this is a copy of.
  public var expert: ExpertID
  /// Where it lives.
  public var device: DeviceID
  /// How its weights are stored.
  public var precision: Precision
  /// Where they are: in its device's memory or not.
  public var residency: Residency

  /// Names a copy.
  public init(expert: ExpertID, device: DeviceID, precision: Precision, residency: Residency = .resident) {
    self.expert = expert
    self.device = device
    self.precision = precision
    self.residency = residency
  }
}

extension Replica {
  /// The same copy on another device.
  package func on(_ device: DeviceID) -> Replica {
    Replica(expert: expert, device: device, precision: precision, residency: residency)
  }

  /// A copy at `precision` in the memory of the same device.
  package func resident(at precision: Precision) -> Replica {
    Replica(expert: expert, device: device, precision: precision)
  }
}

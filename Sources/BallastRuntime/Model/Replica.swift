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

  /// Names a copy.
  public init(expert: ExpertID, device: DeviceID, precision: Precision) {
    self.expert = expert
    self.device = device
    self.precision = precision
  }
}

/// Most that one plan may stage, beyond bytes in all.
public struct MoveBudget: Hashable, Sendable {
  /// What no plan could stage.
  public static let unlimited = 1 << 62

  /// Replicas in all.
  public var copies: Int
  /// Replicas of one layer.
  public var copiesPerLayer: Int
  /// Bytes of one layer.
  public var bytesPerLayer: Int
  /// Bytes staged on one device.
  public var bytesPerDevice: Int
  /// Bytes from one device to another; a replica comes from a device of its node that has the expert, if there is one.
  public var bytesPerLink: Int

  /// States a budget; what is left out is unlimited.
  public init(
    copies: Int = unlimited, copiesPerLayer: Int = unlimited, bytesPerLayer: Int = unlimited,
    bytesPerDevice: Int = unlimited,
    bytesPerLink: Int = unlimited
  ) {
    self.copies = copies
    self.copiesPerLayer = copiesPerLayer
    self.bytesPerLayer = bytesPerLayer
    self.bytesPerDevice = bytesPerDevice
    self.bytesPerLink = bytesPerLink
  }
}

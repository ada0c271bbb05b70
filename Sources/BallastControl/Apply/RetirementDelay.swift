/// What lanes that stay in a batch have kept from being retired.
///
/// Serving does not suffer from it, and neither does safety: only memory comes back late.
public struct RetirementDelay: Hashable, Sendable {
  /// Ticks the oldest of it has waited.
  public let ticks: Int
  /// The generation that replaced the oldest of it; some lane is in a batch that began before.
  public let generation: UInt64
  /// Replaced tables that wait.
  public let tables: Int
  /// Replicas that wait.
  public let replicas: Int
  /// Bytes of those replicas, on all devices.
  public let bytes: Int
}

extension RetirementDelay: CustomStringConvertible {
  /// One line for people.
  public var description: String {
    """
    a lane has been in one batch for \(ticks) ticks: \(replicas) replicas of \(bytes) bytes and \(tables) tables \
    wait for it
    """
  }
}

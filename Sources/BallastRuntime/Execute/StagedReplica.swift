/// A replica whose weights are in place, ready to be named by a routing table.
///
/// Weights, scales and precision are one unit under one handle; a change of precision is another replica with
/// another handle, never an update in place.
public struct StagedReplica: Hashable, Sendable {
  /// The layer it belongs to.
  public let layer: LayerID
  /// Which copy it is.
  public let replica: Replica
  /// The executor's own name for the weights, unique while they are staged.
  public let handle: UInt32
  /// Bytes it takes on its device, weights and scales.
  public let bytes: Int
  /// ‖output − full-precision output‖ / ‖full-precision output‖, measured when it was staged; 0 at full precision.
  public let relativeError: Double

  /// Describes a staged replica; only executors make them.
  public init(layer: LayerID, replica: Replica, handle: UInt32, bytes: Int, relativeError: Double) {
    self.layer = layer
    self.replica = replica
    self.handle = handle
    self.bytes = bytes
    self.relativeError = relativeError
  }
}

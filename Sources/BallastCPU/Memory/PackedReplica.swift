import BallastRuntime
import CBallastKernels

/// A replica's weights in place, immutable from the moment it is published; of a stored replica, that there are none.
@safe struct PackedReplica {
  // Safety: `block` is owned by whoever holds the value, until `arena.free`.
  let layer: LayerID
  let replica: Replica
  private let block: UnsafeMutableRawPointer?
  let bytes: Int
  private let arena: DeviceArena?
  /// Without memory when the replica is stored.
  let weights: ballast_expert

  /// Names the parts of `block`, which `dimensions.bytes(replica.precision)` long.
  init(
    _ replica: Replica, layer: LayerID, block: UnsafeMutableRawPointer, arena: DeviceArena, dimensions: ExpertDimensions
  ) {
    // Safety: both matrices lie in the block, which has their bytes together.
    self.layer = layer
    self.replica = replica
    unsafe self.block = unsafe block
    self.arena = arena
    bytes = dimensions.bytes(replica.precision)
    unsafe weights = ballast_expert(
      gate_up: UnsafeRawPointer(block), down: UnsafeRawPointer(block + dimensions.gateUpBytes(replica.precision)),
      hidden: UInt32(dimensions.hidden), inner: UInt32(dimensions.inner), precision: replica.precision.code)
  }

  /// A replica that has no memory.
  init(stored replica: Replica, layer: LayerID) {
    // Safety: there is no block, and nobody computes with weights of a stored replica.
    self.layer = layer
    self.replica = replica
    unsafe block = nil
    arena = nil
    bytes = 0
    unsafe weights = ballast_expert()
  }

  /// Gives the memory back.
  func free() {
    // Safety: only the owner frees.
    if let block = unsafe block { unsafe arena?.free(block, bytes: bytes, precision: replica.precision) }
  }
}

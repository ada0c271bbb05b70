import BallastRuntime
import CBallastKernels
// Linked for its arenas; found at run time, since a library must not bring an allocator with it.
import CJemalloc
import Synchronization

/// One device's memory: an arena of its own, and the byte budget.
@safe final class DeviceArena: Sendable {
  // Safety: the arena lives as long as this value; blocks are given back through the arena they came from.
  private nonisolated(unsafe) let arena: OpaquePointer
  private let device: DeviceID
  private let limitBytes: Int
  private let use = Mutex(DeviceMemory(replicaBytes: 0, peakReplicaBytes: 0, overheadBytes: 0))

  /// Opens an arena that keeps freed pages: staging reuses them, since touching fresh pages is slow.
  init(device: DeviceID, limitBytes: Int) throws(CPUExecutorError) {
    self.device = device
    self.limitBytes = limitBytes
    var code: Int32 = 0
    // Safety: the call writes one number where it is told.
    guard let arena = unsafe ballast_arena_open(&code) else { throw .arenaUnavailable(code: code) }
    unsafe self.arena = arena
  }

  deinit {
    // Safety: the executor frees every block before it lets go of its arenas.
    unsafe ballast_arena_close(arena)
  }

  /// A block of exactly `bytes` of the budget.
  ///
  /// - Throws: `StagingError.outOfMemory`; nothing is taken then.
  func allocate(bytes: Int, precision: Precision) throws(StagingError) -> UnsafeMutableRawPointer {
    let free: Int? = use.withLock { use in
      let free = limitBytes - use.replicaBytes
      guard bytes <= free else { return free }
      use.replicaBytes += bytes
      use.bytesByPrecision[precision] += bytes
      use.peakReplicaBytes = max(use.peakReplicaBytes, use.replicaBytes)
      return nil
    }
    if let free { throw .outOfMemory(device: device, neededBytes: bytes, freeBytes: free) }
    // Safety: the size is above 0.
    guard let block = unsafe ballast_arena_allocate(arena, bytes) else {
      giveBack(bytes, precision)
      throw .outOfMemory(device: device, neededBytes: bytes, freeBytes: 0)
    }
    return unsafe block
  }

  /// Gives back a block of `bytes`.
  func free(_ block: UnsafeMutableRawPointer, bytes: Int, precision: Precision) {
    // Safety: the block came from `allocate` and nobody uses it any more.
    unsafe ballast_arena_free(arena, block, bytes)
    giveBack(bytes, precision)
  }

  private func giveBack(_ bytes: Int, _ precision: Precision) {
    use.withLock {
      $0.replicaBytes -= bytes
      $0.bytesByPrecision[precision] -= bytes
    }
  }

  /// Bytes in use; what the arena holds resident beyond the replicas is overhead.
  var memory: DeviceMemory {
    var memory = use.withLock { $0 }
    // Safety: the call only reads.
    memory.overheadBytes = max(0, Int(clamping: unsafe ballast_arena_resident(arena)) - memory.replicaBytes)
    return memory
  }
}

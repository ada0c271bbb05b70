import BallastRuntime
import CJemalloc
import Glibc
import Synchronization

/// One device's memory: an arena of its own, and the byte budget.
@safe final class DeviceArena: Sendable {
  // Safety: an arena index is a plain number; blocks are given back through the arena they came from.
  private let index: UInt32
  private let device: DeviceID
  private let limitBytes: Int
  private let use = Mutex(DeviceMemory(replicaBytes: 0, peakReplicaBytes: 0, overheadBytes: 0))

  /// Bytes of a huge page, which blocks at least that large are given: streaming weights misses fewer translations.
  private static let hugePageExponent: Int32 = 21
  /// Other blocks start on cache lines.
  private static let lineExponent: Int32 = 6

  /// Opens an arena that keeps freed pages: staging reuses them, since touching fresh pages is slow.
  init(device: DeviceID, limitBytes: Int) throws(CPUExecutorError) {
    self.device = device
    self.limitBytes = limitBytes
    var index: UInt32 = 0
    var size = MemoryLayout<UInt32>.size
    // Safety: the call writes one 32-bit number where it is told.
    let code = unsafe mallctl("arenas.create", &index, &size, nil, 0)
    guard code == 0 else { throw .arenaUnavailable(code: code) }
    self.index = index
    for name in ["dirty_decay_ms", "muzzy_decay_ms"] {
      var never = -1
      // Safety: the call reads one word.
      _ = unsafe mallctl("arena.\(index).\(name)", nil, nil, &never, MemoryLayout<Int>.size)
    }
  }

  deinit {
    // Safety: the executor frees every block before it lets go of its arenas.
    _ = unsafe mallctl("arena.\(index).destroy", nil, nil, nil, 0)
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
    // Safety: `flags` names this arena and no thread cache; the size is above 0.
    guard let block = unsafe mallocx(bytes, flags(bytes)) else {
      giveBack(bytes, precision)
      throw .outOfMemory(device: device, neededBytes: bytes, freeBytes: 0)
    }
    if exponent(bytes) == Self.hugePageExponent {
      // Safety: the block is ours; advice that is not taken changes nothing.
      _ = unsafe madvise(block, bytes, Int32(MADV_HUGEPAGE))
    }
    return unsafe block
  }

  /// Gives back a block of `bytes`.
  func free(_ block: UnsafeMutableRawPointer, bytes: Int, precision: Precision) {
    // Safety: the block came from `allocate` and nobody uses it any more.
    unsafe dallocx(block, flags(bytes))
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
    memory.overheadBytes = max(0, residentBytes - memory.replicaBytes)
    return memory
  }

  private var residentBytes: Int {
    var epoch: UInt64 = 1
    var resident = 0
    var size = MemoryLayout<Int>.size
    // Safety: the calls read and write the words they are given.
    unsafe mallctl("epoch", nil, nil, &epoch, MemoryLayout<UInt64>.size)
    unsafe mallctl("stats.arenas.\(index).resident", &resident, &size, nil, 0)
    return resident
  }

  /// The allocator's bit fields: alignment, no thread cache, this arena.
  private func flags(_ bytes: Int) -> Int32 { exponent(bytes) | (1 << 8) | Int32(bitPattern: (index + 1) << 20) }

  private func exponent(_ bytes: Int) -> Int32 {
    bytes >= 1 << Self.hugePageExponent ? Self.hugePageExponent : Self.lineExponent
  }
}

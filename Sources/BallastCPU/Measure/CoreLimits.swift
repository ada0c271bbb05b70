import BallastRuntime
import CBallastKernels
import Glibc
import Synchronization

/// What some cores reach at best, together: reading memory, and arithmetic in registers.
@safe final class CoreLimits: @unchecked Sendable {
  // Safety: each core reads a block of its own; owned, written by the initialiser only.
  private let cores: [Int]
  private let blocks: [UnsafeMutableRawPointer]

  /// Bytes each core reads at a time: many times what caches hold.
  private static let blockBytes = 192 << 20
  private static let hugePageBytes = 2 << 20
  private static let arithmeticTurns = 100_000
  /// Limits are the best of so many turns: whatever else the machine does only takes away.
  private static let turns = 8

  /// Readies a block for each core.
  init(cores: [Int]) {
    self.cores = cores
    // Safety: each block is initialised before it is kept.
    unsafe blocks = cores.map { _ in
      let block = UnsafeMutableRawPointer.allocate(byteCount: Self.blockBytes, alignment: Self.hugePageBytes)
      // Safety: the block is ours; advice that is not taken changes nothing.
      _ = unsafe madvise(block, Self.blockBytes, Int32(MADV_HUGEPAGE))
      unsafe block.initializeMemory(as: UInt8.self, repeating: 1, count: Self.blockBytes)
      return unsafe block
    }
  }

  deinit {
    // Safety: nobody reads any more.
    for index in cores.indices { unsafe blocks[index].deallocate() }
  }

  /// Bytes a second all cores read together.
  func readBytesPerSecond() throws(CPUExecutorError) -> Double {
    try best { limits, index in
      // Safety: the block has these bytes.
      _ = unsafe Kernels.current.read(limits.blocks[index], Self.blockBytes)
      return Self.blockBytes
    }
  }

  /// Multiplications and additions a second all cores make together, as `precision` is computed.
  func operationsPerSecond(_ precision: Precision) throws(CPUExecutorError) -> Double {
    try best { _, _ in Int(Kernels.current.arithmetic(precision.code, Self.arithmeticTurns)) }
  }

  private func best(
    _ work: @escaping @Sendable (CoreLimits, Int) -> Int
  ) throws(CPUExecutorError) -> Double {
    var best = 0.0
    for _ in 0..<Self.turns { best = max(best, try together(work)) }
    return best
  }

  /// Has every core do `work` at once; what they say they have done, a second.
  private func together(
    _ work: @escaping @Sendable (CoreLimits, Int) -> Int
  ) throws(CPUExecutorError) -> Double {
    let start = Start(cores: cores.count)
    var threads: [WorkerThread] = []
    defer { for thread in threads { thread.join() } }
    do throws(CPUExecutorError) {
      for (index, core) in cores.enumerated() {
        threads.append(
          try WorkerThread(core: core) { [self] in
            start.meet()
            let begun = monotonicNanoseconds()
            start.add(work(self, index), nanoseconds: monotonicNanoseconds() - begun)
          })
      }
    } catch {
      // Those already started must not wait for the others.
      start.giveUp(cores.count)
      throw error
    }
    for thread in threads { thread.join() }
    threads = []
    return start.perSecond
  }

  /// Where the cores wait for each other, and what they did.
  private final class Start: Sendable {
    private let missing: Atomic<Int>
    private let made = Atomic<Int>(0)
    private let longest = Atomic<UInt64>(1)

    init(cores: Int) { missing = Atomic(cores) }

    func meet() {
      missing.subtract(1, ordering: .sequentiallyConsistent)
      while missing.load(ordering: .sequentiallyConsistent) > 0 { ballast_rest() }
    }

    func giveUp(_ cores: Int) { missing.subtract(cores, ordering: .sequentiallyConsistent) }

    func add(_ count: Int, nanoseconds: UInt64) {
      made.add(count, ordering: .relaxed)
      longest.max(nanoseconds, ordering: .relaxed)
    }

    var perSecond: Double {
      Double(made.load(ordering: .relaxed)) / Double(longest.load(ordering: .relaxed)) * 1e9
    }
  }
}

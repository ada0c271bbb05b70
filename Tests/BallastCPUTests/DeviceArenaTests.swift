import BallastRuntime
import Testing

@testable import BallastCPU

@Suite struct DeviceArenaTests {
  @Test func countsExactlyAndRefusesBeyondTheLimit() throws {
    let arena = try DeviceArena(device: DeviceID(3), limitBytes: 1000)
    let first = try arena.allocate(bytes: 600, precision: .int8)
    #expect(Int(bitPattern: first) % 64 == 0)
    #expect(throws: StagingError.outOfMemory(device: DeviceID(3), neededBytes: 401, freeBytes: 400)) {
      try arena.allocate(bytes: 401, precision: .int8)
    }
    let second = try arena.allocate(bytes: 400, precision: .int8)
    #expect(arena.memory.replicaBytes == 1000)
    #expect(arena.memory.overheadBytes > 0)
    arena.free(first, bytes: 600, precision: .int8)
    arena.free(second, bytes: 400, precision: .int8)
    #expect(arena.memory.replicaBytes == 0)
    #expect(arena.memory.peakReplicaBytes == 1000)
  }

  @Test func keepsFreedMemoryForTheNext() throws {
    let arena = try DeviceArena(device: DeviceID(0), limitBytes: 8 << 20)
    let block = try arena.allocate(bytes: 4 << 20, precision: .int8)
    block.initializeMemory(as: UInt8.self, repeating: 1, count: 4 << 20)
    arena.free(block, bytes: 4 << 20, precision: .int8)
    #expect(arena.memory.overheadBytes >= 4 << 20)
    let again = try arena.allocate(bytes: 4 << 20, precision: .int8)
    // A block starts on some cache line of its first page.
    #expect(Int(bitPattern: again) / 4096 == Int(bitPattern: block) / 4096)
    arena.free(again, bytes: 4 << 20, precision: .int8)
  }

  @Test func countsByPrecision() throws {
    let arena = try DeviceArena(device: DeviceID(0), limitBytes: 1000)
    let blocks = try [(300, Precision.int8), (200, .int4), (100, .int8)].map { bytes, precision in
      (try arena.allocate(bytes: bytes, precision: precision), bytes, precision)
    }
    #expect(arena.memory.bytesByPrecision[.int8] == 400)
    #expect(arena.memory.bytesByPrecision[.int4] == 200)
    for (block, bytes, precision) in blocks { arena.free(block, bytes: bytes, precision: precision) }
    #expect(arena.memory.bytesByPrecision == PerPrecision(repeating: 0))
  }

  /// More than the address space has: the system refuses, within the budget.
  @Test func givesBackWhatTheSystemRefuses() throws {
    let arena = try DeviceArena(device: DeviceID(0), limitBytes: .max)
    #expect(throws: StagingError.outOfMemory(device: DeviceID(0), neededBytes: 1 << 60, freeBytes: 0)) {
      try arena.allocate(bytes: 1 << 60, precision: .float32)
    }
    #expect(arena.memory.replicaBytes == 0)
    #expect(arena.memory.bytesByPrecision == PerPrecision(repeating: 0))
    let block = try arena.allocate(bytes: 64, precision: .int4)
    arena.free(block, bytes: 64, precision: .int4)
  }
}

import BallastRuntime
import Testing

@testable import BallastCPU

@Suite struct DeviceArenaTests {
  @Test func countsExactlyAndRefusesBeyondTheLimit() throws {
    let arena = try DeviceArena(device: DeviceID(3), limitBytes: 1000)
    let first = try arena.allocate(bytes: 600)
    #expect(Int(bitPattern: first) % 64 == 0)
    #expect(throws: StagingError.outOfMemory(device: DeviceID(3), neededBytes: 401, freeBytes: 400)) {
      try arena.allocate(bytes: 401)
    }
    let second = try arena.allocate(bytes: 400)
    #expect(arena.memory.replicaBytes == 1000)
    #expect(arena.memory.overheadBytes > 0)
    arena.free(first, bytes: 600)
    arena.free(second, bytes: 400)
    #expect(arena.memory.replicaBytes == 0)
    #expect(arena.memory.peakReplicaBytes == 1000)
  }

  @Test func keepsFreedMemoryForTheNext() throws {
    let arena = try DeviceArena(device: DeviceID(0), limitBytes: 8 << 20)
    let block = try arena.allocate(bytes: 4 << 20)
    block.initializeMemory(as: UInt8.self, repeating: 1, count: 4 << 20)
    arena.free(block, bytes: 4 << 20)
    #expect(arena.memory.overheadBytes >= 4 << 20)
    let again = try arena.allocate(bytes: 4 << 20)
    // A block starts on some cache line of its first page.
    #expect(Int(bitPattern: again) / 4096 == Int(bitPattern: block) / 4096)
    arena.free(again, bytes: 4 << 20)
  }
}

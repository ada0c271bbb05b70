import BallastRuntime
import Testing

@testable import BallastCPU

@Suite struct ReplicaTableTests {
  private func packed(_ arena: DeviceArena, expert: Int) throws -> PackedReplica {
    let dimensions = try ExpertDimensions(hidden: 16, inner: 16)
    let replica = Replica(expert: ExpertID(expert), device: DeviceID(0), precision: .int8)
    return PackedReplica(
      replica, layer: LayerID(0), block: try arena.allocate(bytes: dimensions.bytes(.int8), precision: .int8),
      arena: arena,
      dimensions: dimensions)
  }

  @Test func staleHandlesStayStale() throws {
    let arena = try DeviceArena(device: DeviceID(0), limitBytes: 1 << 20)
    let table = ReplicaTable(capacity: 1)
    var handles: Set<UInt32> = []
    for expert in 0..<100 {
      let handle = try #require(table.insert(try packed(arena, expert: expert)))
      #expect(handles.insert(handle).inserted)
      #expect(table.find(handle)?.pointee.replica.expert == ExpertID(expert))
      for old in handles where old != handle { #expect(table.find(old) == nil) }
      try #require(table.remove(handle)).free()
      #expect(table.find(handle) == nil)
      #expect(table.remove(handle) == nil)
    }
    #expect(arena.memory.replicaBytes == 0)
  }

  @Test func madeUpHandlesNameNothing() throws {
    let table = ReplicaTable(capacity: 4)
    for handle in [UInt32.min, 1, 1 << 20, .max] { #expect(table.find(handle) == nil) }
  }

  @Test func isFullAtItsCapacityAndFreesWhatItHolds() throws {
    let arena = try DeviceArena(device: DeviceID(0), limitBytes: 1 << 20)
    do {
      let table = ReplicaTable(capacity: 2)
      for expert in 0..<2 { #expect(table.insert(try packed(arena, expert: expert)) != nil) }
      let third = try packed(arena, expert: 2)
      #expect(table.insert(third) == nil)
      third.free()
    }
    #expect(arena.memory.replicaBytes == 0)
  }
}

import BallastRuntime
import Testing

@Suite struct ReplicaTests {
  private static let stored = Replica(
    expert: ExpertID(3), device: DeviceID(1), precision: .bfloat16, residency: .stored)

  @Test func aCopyIsResidentUnlessStated() {
    #expect(Replica(expert: ExpertID(0), device: DeviceID(0), precision: .int8).residency == .resident)
  }

  @Test func movingAStoredReplicaBringsNothingIntoMemory() {
    let moved = Self.stored.on(DeviceID(2))
    #expect(moved.residency == .stored)
    #expect(moved.device == DeviceID(2))
    #expect(moved.expert == ExpertID(3))
  }

  @Test func bringingItIntoMemoryKeepsItsDevice() {
    #expect(
      Self.stored.resident(at: .int8) == Replica(expert: ExpertID(3), device: DeviceID(1), precision: .int8))
  }

  @Test func storedReplicasTakeNoBytes() throws {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: 4, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 100),
      fullPrecision: .bfloat16)
    #expect(shape.bytes(of: Self.stored) == 0)
    #expect(shape.bytes(of: Self.stored.resident(at: .bfloat16)) == 100)
  }

  @Test func touchingAStoredReplicaAlsoFetchesIt() {
    var cost = CostModel.tokens
    cost.activationNanoseconds = PerPrecision(repeating: 10)
    cost.fetchNanoseconds = 500
    #expect(cost.activationNanoseconds(of: Self.stored) == 510)
    #expect(cost.activationNanoseconds(of: Self.stored.resident(at: .bfloat16)) == 10)
  }
}

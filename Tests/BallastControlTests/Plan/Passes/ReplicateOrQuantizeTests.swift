import BallastRuntime
import Testing

@testable import BallastControl

/// Device 0 is busy with expert 0; device 1 is full of experts that hardly anybody chooses.
@Suite struct ReplicateOrQuantizeTests {
  private func small(importance: [Double]) throws -> SmallLayer {
    var small = try SmallLayer(tokens: [1000, 10, 10, 10], on: [0, 0, 1, 1], importance: importance)
    small.cost.perTokenNanoseconds[.int8] = 0.6
    small.limits.precisions = [.bfloat16, .int8]
    small.limits.residentBytes = [4000, 4000]
    small.limits.qualityBudget = 0.002
    return small
  }

  private func replicas(_ draft: PlacementDraft) -> [Replica] { draft.placement.layers[0].replicas }

  @Test func hotAndUnimportantIsQuantizedInPlace() throws {
    let draft = try small(importance: [0.001, 0.333, 0.333, 0.333]).improved(by: ReplicateOrQuantize(rounds: 16))
    #expect(replicas(draft) == [Replica(0, on: 0, .int8), Replica(1, on: 0), Replica(2, on: 1), Replica(3, on: 1)])
    #expect(draft.forecast(LayerID(0)).longest == 610)
  }

  @Test func hotAndImportantIsReplicatedAndColdUnimportantOnesPay() throws {
    let draft = try small(importance: [0.97, 0.01, 0.01, 0.01]).improved(by: ReplicateOrQuantize(rounds: 16))
    #expect(replicas(draft).filter { $0.expert.index == 0 } == [Replica(0, on: 0), Replica(0, on: 1)])
    #expect(replicas(draft).contains(Replica(2, on: 1, .int8)))
    #expect(replicas(draft).contains(Replica(3, on: 1, .int8)))
    #expect(draft.forecast(LayerID(0)).longest < 520)
    #expect(draft.qualitySpent(LayerID(0)) <= 0.002)
  }

  @Test func withRoomOnlyCopiesAreMade() throws {
    var small = try small(importance: [0.25, 0.25, 0.25, 0.25])
    small.limits.residentBytes = [1 << 20, 1 << 20]
    small.limits.qualityBudget = 0
    let draft = small.improved(by: ReplicateOrQuantize(rounds: 16))
    #expect(replicas(draft).allSatisfy { $0.precision == .bfloat16 })
    #expect(abs(draft.forecast(LayerID(0)).imbalance - 1) < 1e-6)
  }

  @Test(arguments: [(60.0, 25.0), (60, 40), (60, 10), (7, 7)])
  func oneCopyOfTheMaximumHalvesItOrLeavesTheSecond(most: Double, second: Double) throws {
    var small = try SmallLayer(tokens: [most, second], on: [0, 1])
    small.topology = try Topology.uniform(devices: 3, memoryBytesPerDevice: 1 << 20)
    small.limits = .unlimited(devices: 3, replicasPerDevice: nil)
    small.limits.precisions = [.bfloat16]
    small.limits.moveBytes = 2000
    small.split = .even
    let draft = small.improved(by: ReplicateOrQuantize(rounds: 8))
    #expect(draft.forecast(LayerID(0)).longest == max(most / 2, second))
  }

  @Test func aSurplusCopyGoesBeforeAnythingIsDemoted() throws {
    var small = try SmallLayer(tokens: [1000, 300, 10, 10], on: [0, 1, 1, 2])
    small.limits.precisions = [.bfloat16]
    small.limits.residentBytes = [2000, 4000, 4000]
    small.placement.layers[0] = small.placement.layers[0].applying(
      LayerChange(layer: LayerID(0), added: [Replica(2, on: 2)]))
    let draft = small.improved(by: ReplicateOrQuantize(rounds: 16))
    #expect(replicas(draft).contains(Replica(0, on: 2)))
    #expect(replicas(draft).filter { $0.expert.index == 2 }.count == 1)
  }

  @Test func whereTheNumberOfReplicasIsFixedItDoesNothing() throws {
    var small = try small(importance: [0.001, 0.333, 0.333, 0.333])
    small.limits.replicasPerDevice = 2
    #expect(small.improved(by: ReplicateOrQuantize(rounds: 16)).placement == small.placement)
  }
}

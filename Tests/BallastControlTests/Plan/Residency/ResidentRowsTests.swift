import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct ResidentRowsTests {
  /// Expert 3 is stored; devices hold nothing but what they have room for.
  private func small() throws -> SmallLayer {
    var small = try SmallLayer(tokens: [4, 1, 2, 8], on: [0, 0, 1, 1])
    small.placement.layers[0] = LayerPlacement([
      Replica(0, on: 0), Replica(1, on: 0), Replica(2, on: 1), .stored(3, on: 1),
    ])
    small.limits.mayEvict = true
    small.limits.residentBytes = [4000, 2000]
    return small
  }

  private func found(_ small: SmallLayer, need: Double = 8.0 / 15) -> ResidentExchange? {
    ResidentRows(small.draft).exchange(
      for: NeededReplica(layer: LayerID(0), replica: .stored(3, on: 1), need: need), small.draft)
  }

  @Test func theLeastNeededGoesWhereverItIs() throws {
    let exchange = try #require(found(try small()))
    #expect(exchange.device == DeviceID(0))
    #expect(
      exchange.leaving == [LayerChange(layer: LayerID(0), removed: [Replica(1, on: 0)], added: [.stored(1, on: 0)])])
    #expect(exchange.coming.added == [Replica(3, on: 0)])
  }

  @Test func freeBytesAreTakenFirst() throws {
    var small = try small()
    small.limits.residentBytes = [4000, 4000]
    let exchange = try #require(found(small, need: 0))
    #expect(exchange.leaving.isEmpty)
    #expect(exchange.device == DeviceID(1))
  }

  @Test func copiesGoBeforeExperts() throws {
    var small = try small()
    small.placement.layers[0] = LayerPlacement([
      Replica(0, on: 0), Replica(1, on: 0), Replica(0, on: 1), .stored(2, on: 1), .stored(3, on: 1),
    ])
    let exchange = try #require(found(small))
    #expect(exchange.leaving == [LayerChange(layer: LayerID(0), removed: [Replica(0, on: 1)])])
    #expect(exchange.device == DeviceID(1))
  }

  @Test func precisionGoesBeforeExpertsAsFarAsQualityAllows() throws {
    var small = try small()
    small.limits.precisions = [.bfloat16, .int4]
    small.limits.qualityBudget = 1
    let lowered = try #require(found(small)).leaving
    #expect(lowered.map(\.removed) == [[Replica(1, on: 0)], [Replica(0, on: 0)]])
    #expect(lowered.map(\.added) == [[Replica(1, on: 0, .int4)], [Replica(0, on: 0, .int4)]])
    small.limits.qualityBudget = 0
    #expect(try #require(found(small)).leaving.map(\.added) == [[.stored(1, on: 0)]])
  }

  @Test func nothingGoesForWhatIsNotNeededMore() throws {
    #expect(found(try small(), need: 0.05) == nil)
  }

  @Test func whatWasPromisedIsNotRoom() throws {
    var small = try small()
    small.limits.residentBytes = [4000, 4000]
    let draft = small.draft
    var rows = ResidentRows(draft)
    let stored = NeededReplica(layer: LayerID(0), replica: .stored(3, on: 1), need: 0)
    rows.note(try #require(rows.exchange(for: stored, draft)), hasCome: false)
    #expect(rows.exchange(for: stored, draft) == nil)
  }
}

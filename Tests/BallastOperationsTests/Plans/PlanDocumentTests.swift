import BallastRuntime
import Testing

@testable import BallastOperations

@Suite struct PlanDocumentTests {
  @Test func whatIsWrittenIsWhereTheNextPlanStarts() throws {
    let model = try RecordedTraffic.model(layers: 2)
    let scratch = try Scratch()
    let document = try LoadPlanningTests.planning(budget: .share(0.75), precision: .int8).document()
    let path = try scratch.write("plan.json", JSONText.text(document))
    let start = try CurrentPlacement.read(path, shape: model.shape, topology: model.topology)
    #expect(PlanDocument.experts(start, devices: 2) == document.placement)
    let again = try LoadPlanningTests.planning(start: start, budget: .share(0.75), precision: .int8).document()
    #expect(again.deviceImbalance.before == document.deviceImbalance.after)
    #expect(again.copiesMoved == 0)
  }

  @Test func beforeIsNullWithoutAStart() throws {
    let text = JSONText.text(try LoadPlanningTests.planning(copies: 4).document())
    #expect(text.contains("\"before\" : null"))
  }

  @Test func precisionMayBeLeftOut() throws {
    let model = try RecordedTraffic.model()
    let scratch = try Scratch()
    try scratch.write("plan.json", "{\"placement\": [[[0, 1], [2, 3]]], \"more\": 1}")
    let read = try CurrentPlacement.read(scratch.path("plan.json"), shape: model.shape, topology: model.topology)
    #expect(read == Placement.contiguous(shape: model.shape, topology: model.topology))
  }
}

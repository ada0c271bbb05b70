import BallastControl
import BallastRuntime
import Testing

@Suite struct PlanTests {
  @Test func onlyACopyWhereThereWasNoneIsMoved() throws {
    let small = try SmallLayer(tokens: [4, 1, 1], on: [0, 0, 1])
    var target = small.placement
    target.layers[0] = target.layers[0].applying(
      LayerChange(
        layer: LayerID(0), removed: [Replica(1, on: 0), Replica(2, on: 1)],
        added: [Replica(1, on: 0, .int8), Replica(2, on: 0), Replica(0, on: 1)]))
    #expect(small.placement.copiesMoved(to: target) == 2)
    #expect(target.copiesMoved(to: target) == 0)
  }

  @Test func aPlanLeadsFromItsCurrentToItsTarget() throws {
    let planning = try PlanningCase(seed: 11)
    let start = Placement.contiguous(shape: planning.shape, topology: planning.topology)
    let plan = planning.planner().plan(from: start, for: planning.estimate, within: planning.limits(share: 1.4))
    var layers = plan.current.layers
    for change in plan.changes { layers[change.layer.index] = layers[change.layer.index].applying(change) }
    #expect(plan.current == start)
    #expect(layers == plan.target.layers)
    #expect(plan.copiesMoved > 0)
    #expect(plan.copiesMoved <= plan.changes.reduce(0) { $0 + $1.added.count })
  }
}

import BallastControl
import BallastRuntime
import Testing

@Suite struct PlanningLimitsTests {
  @Test func unlimitedStillForbidsLowPrecision() throws {
    let planning = try PlanningCase(seed: 2, layers: 1)
    let limits = PlanningLimits.unlimited(devices: 4, replicasPerDevice: 6)
    let plan = planning.planner().plan(
      from: .contiguous(shape: planning.shape, topology: planning.topology), for: planning.estimate, within: limits)
    #expect(plan.target.layers[0].replicas.count == 24)
    #expect(plan.target.layers[0].replicas.allSatisfy { $0.precision == .bfloat16 })
    #expect(plan.forecast.qualitySpent == 0)
  }
}

import BallastControl
import BallastRuntime
import Testing

@Suite struct ResidentShareTests {
  @Test func countsExpertsAndWhatTheyAreNeededFor() {
    let stored = Replica(expert: ExpertID(1), device: DeviceID(0), precision: .bfloat16, residency: .stored)
    let placement = Placement(layers: [
      LayerPlacement([Replica(0, on: 0), Replica(0, on: 1), stored]),
      LayerPlacement([Replica(0, on: 0), Replica(1, on: 1, .int8)]),
    ])
    let share = ResidentShare(placement, need: [[0.25, 0.75], [0.5, 0.5]])
    #expect(share.experts == 0.75)
    #expect(share.need == 0.625)
  }
}

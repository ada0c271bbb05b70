import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct GateReliefTests {
  private let relief = ComputeReliefConfiguration(
    queueTarget: 8, levels: 4, leastMass: 0.5, leastEscalatedShare: 0.1)

  @Test func topPCoversLessMassInEqualSteps() {
    let gate = GateConfiguration(kind: .topP, mass: 0.9)
    for (level, mass) in [(0, 0.9), (1, 0.8), (2, 0.7), (4, 0.5), (9, 0.5), (-1, 0.9)] {
      #expect(abs(gate.relieved(level: level, by: relief).mass - mass) < 1e-12)
    }
    var expected = gate
    expected.mass = gate.relieved(level: 2, by: relief).mass
    #expect(gate.relieved(level: 2, by: relief) == expected)
  }

  @Test func whatTopPHoldsFallsWithTheMass() {
    let experts = GateConfiguration(kind: .topP, mass: 0.8, meanExperts: 4)
    #expect(abs(experts.relieved(level: 4, by: relief).meanExperts - 2.5) < 1e-12)
    let step = GateConfiguration(kind: .topP, mass: 0.8, stepMilliseconds: 8)
    #expect(abs(step.relieved(level: 4, by: relief).stepMilliseconds - 5) < 1e-12)
  }

  @Test func confidenceEscalatesFewer() {
    let gate = GateConfiguration(kind: .confidence, escalatedShare: 0.5)
    #expect(abs(gate.relieved(level: 2, by: relief).escalatedShare - 0.3) < 1e-12)
    #expect(abs(gate.relieved(level: 4, by: relief).escalatedShare - 0.1) < 1e-12)
    #expect(gate.relieved(level: 0, by: relief) == gate)
  }

  @Test func whatIsBelowTheLeastStays() {
    for gate in [
      GateConfiguration(kind: .topP, mass: 0.3), GateConfiguration(kind: .confidence, escalatedShare: 0.05),
      GateConfiguration(kind: .topK, mass: 0.9, escalatedShare: 0.9),
    ] {
      #expect(gate.relieved(level: 4, by: relief) == gate)
    }
    #expect(!GateConfiguration(kind: .topK).canRelieve)
    #expect(GateConfiguration(kind: .topP).canRelieve)
  }
}

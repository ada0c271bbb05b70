import BallastControl
import BallastRuntime
import Testing

@Suite struct QualityGuardTests {
  private let placement = Placement(layers: [
    LayerPlacement([
      Replica(expert: ExpertID(0), device: DeviceID(0), precision: .bfloat16),
      Replica(expert: ExpertID(1), device: DeviceID(0), precision: .int8),
      Replica(expert: ExpertID(2), device: DeviceID(0), precision: .int4),
    ])
  ])

  private func errors(staged: [Double], served: [(error: Double, tokens: Double)?]) -> ErrorEstimate {
    var errors = ErrorEstimate()
    for (index, precision) in [Precision.int8, .int4].enumerated() {
      let expert = ExpertID(index + 1)
      errors.note(staged[index], layer: LayerID(0), expert: expert, precision: precision)
      if let seen = served[index] {
        errors.noteServed(
          errorSum: seen.error * seen.tokens, tokens: seen.tokens, layer: LayerID(0), expert: expert,
          precision: precision)
      }
    }
    return errors
  }

  private func check(_ errors: ErrorEstimate) -> QualityGuard {
    QualityGuard(placement, errors: errors, full: .bfloat16, replicaErrorBound: 0.2)
  }

  @Test func namesReplicasOverTheirBound() {
    let found = check(errors(staged: [0.01, 0.3], served: [nil, nil]))
    #expect(found.lowReplicas == 2 && found.drift == 1)
    #expect(found.breaches.map(\.place.replica.expert) == [ExpertID(2)])
    #expect(found.breaches.first?.error == 0.3)
  }

  @Test func oneServedTokenSaysLittle() {
    #expect(check(errors(staged: [0.01, 0.1], served: [nil, (0.9, 1)])).breaches.isEmpty)
    #expect(check(errors(staged: [0.01, 0.1], served: [nil, (0.9, 8)])).breaches.count == 1)
    #expect(check(errors(staged: [0.01, 0.3], served: [nil, (0.1, 8)])).breaches.isEmpty)
  }

  @Test func driftIsServedOverStaged() {
    let found = check(errors(staged: [0.01, 0.1], served: [(0.03, 4), (0.12, 4)]))
    #expect(abs(found.drift - 0.15 / 0.11) < 1e-9)
    #expect(found.shadowedTokens == 8)
  }

  @Test func whatWasNeverMeasuredBreachesNothing() {
    #expect(check(ErrorEstimate()).breaches.isEmpty)
  }
}

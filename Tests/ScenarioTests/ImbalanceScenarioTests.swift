import Testing

/// Zipf traffic on 4 devices, at the default knobs of the controller.
@Suite struct ImbalanceScenarioTests {
  @Test(arguments: [1, 3, 5, 6] as [UInt64])
  func skewedTrafficIsEvenWithinEightTicksAndAgainAfterAShift(seed: UInt64) async throws {
    var served = try await ServedModel(exponent: 1, seed: seed, shiftTick: 20)
    try await served.run(ticks: 40)
    let start = served.imbalance(0..<2)
    let settled = served.imbalance(8..<20)
    let shifted = served.imbalance(20..<22)
    let recovered = served.imbalance(30..<40)
    #expect(start > 1.25, "seed \(seed)")
    #expect(settled < 1.07, "seed \(seed): \(start) became \(settled)")
    #expect(recovered < 1.07, "seed \(seed): \(shifted) became \(recovered)")
    #expect((settled - 1) * 5 < start - 1, "seed \(seed)")
    try served.checkBudget()
  }
}

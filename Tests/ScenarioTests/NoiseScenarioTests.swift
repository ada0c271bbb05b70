import BallastControl
import Testing

/// Traffic whose shares stay: what changes from batch to batch is chance alone.
@Suite struct NoiseScenarioTests {
  private func served(_ exponent: Double, seed: UInt64, reviewTicks: Int) async throws -> ServedModel {
    var configuration = ServedModel.adaptive()
    configuration.controller.reviewTicks = reviewTicks
    return try await ServedModel(exponent: exponent, seed: seed, configuration: configuration)
  }

  /// Most seeds move nothing; a run of chance may pass for imbalance once, and be followed by one plan and its rest.
  @Test(arguments: [1, 2, 3] as [UInt64], [0.0, 1])
  func withoutReviewsHardlyAnythingMovesForFortyTicks(seed: UInt64, exponent: Double) async throws {
    var served = try await served(exponent, seed: seed, reviewTicks: .max)
    try await served.run(ticks: 52)
    #expect(served.planTicks.filter { $0 >= 12 }.count <= 2, "seed \(seed), exponent \(exponent): \(served.planTicks)")
    #expect(served.imbalance(12..<52) < 1.13)
    try served.checkBudget()
  }

  @Test(arguments: [1, 2] as [UInt64])
  func reviewsMoveLittleAndOnlyWhenDue(seed: UInt64) async throws {
    var served = try await served(1, seed: seed, reviewTicks: 8)
    try await served.run(ticks: 52)
    let late = served.ticks.dropFirst(12).filter { $0.event.isPublished }
    #expect(late.count <= 6, "seed \(seed): \(served.planTicks)")
    for tick in late {
      // A gain is expected even where the imbalance is too small to have asked for it.
      let forecast = try #require(tick.event.forecast)
      #expect(forecast.bytesMoved <= 4_800_000, "seed \(seed), tick \(tick.event.tick)")
    }
    #expect(served.imbalance(12..<52) < 1.1)
  }
}

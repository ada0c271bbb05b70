import BallastC
import CBallast
import Testing

extension BlockingCalls {
  @Suite struct PlanCallsTests {
    private func plan(_ tokens: [Double], settings: String = Embedder.settings) throws -> ballast_plan {
      var model = Embedder.model
      var plan: ballast_plan = 0
      try Embedder.withCluster(devices: 4) { cluster in
        var cluster = cluster
        try expectDone(ballast_plan_create(&model, &cluster, settings, tokens, nil, 0, &plan))
      }
      return plan
    }

    private let skewed = [100.0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 100]

    @Test func copiesWhatIsChosenMost() throws {
      let plan = try plan(skewed)
      defer { _ = ballast_plan_destroy(plan) }
      var forecast = ballast_forecast()
      forecast.size = UInt32(MemoryLayout<ballast_forecast>.stride)
      try expectDone(ballast_plan_forecast(plan, &forecast))
      #expect(forecast.imbalance_after < forecast.imbalance_before)
      #expect(forecast.added > 0)
      var replicas = Array(repeating: ballast_replica(), count: 64)
      var count: UInt64 = 0
      try expectDone(ballast_plan_placement(plan, &replicas, 64, &count))
      let listed = replicas.prefix(Int(count))
      #expect(listed.count { $0.layer == 0 && $0.expert == 0 } > 1)
      #expect(Set(listed.map { [$0.layer, $0.expert] }).count == 16)
    }

    @Test func aPlanFromItsOwnResultChangesNothing() throws {
      let first = try plan(skewed)
      var replicas = Array(repeating: ballast_replica(), count: 64)
      var count: UInt64 = 0
      try expectDone(ballast_plan_placement(first, &replicas, 64, &count))
      var (model, second, forecast) = (Embedder.model, ballast_plan(), ballast_forecast())
      forecast.size = UInt32(MemoryLayout<ballast_forecast>.stride)
      try Embedder.withCluster(devices: 4) { cluster in
        var cluster = cluster
        try expectDone(
          ballast_plan_create(&model, &cluster, Embedder.settings, skewed, replicas, count, &second))
      }
      try expectDone(ballast_plan_forecast(second, &forecast))
      #expect(forecast.imbalance_after <= forecast.imbalance_before)
    }

    @Test func refusesLoadsThatAreNone() throws {
      var (model, plan) = (Embedder.model, ballast_plan())
      for value in [-1, Double.nan, .infinity] {
        var tokens = skewed
        tokens[9] = value
        let status = Embedder.withCluster(devices: 4) { cluster in
          var cluster = cluster
          return ballast_plan_create(&model, &cluster, nil, tokens, nil, 0, &plan)
        }
        #expect(status == BALLAST_BAD_VALUE)
        #expect(explanation.contains("expert 1 in layer 1"))
      }
    }
  }
}

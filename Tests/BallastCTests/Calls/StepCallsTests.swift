import BallastC
import CBallast
import Testing

extension BlockingCalls {
  @Suite struct StepCallsTests {
    @Test func carriesAPlanOutStepByStep() throws {
      let engine = try Embedder()
      let before = try engine.placement()
      var step: ballast_step? = try engine.tickUntilStep()
      var staged: Set<UInt32> = []
      var numbers: [UInt64] = []
      while let now = step {
        numbers.append(now.step)
        if now.kind == BALLAST_STEP_STAGE { staged.insert(now.replica.replica) }
        if now.kind == BALLAST_STEP_PUBLISH {
          #expect(try engine.placement().count == before.count)
          #expect(try engine.statistics.table_version + 1 == now.table_version)
        }
        try expectDone(ballast_balancer_acknowledge(engine.balancer, now.step, 0))
        if now.kind == BALLAST_STEP_PUBLISH { #expect(try engine.statistics.table_version == now.table_version) }
        step = try engine.nextStep()
      }
      let after = Set(try engine.placement().map(\.replica))
      #expect(!staged.isEmpty)
      #expect(staged.isSubset(of: after))
      #expect(numbers == numbers.sorted())
      #expect(try engine.statistics.plans_published == 1)
    }

    @Test func aFailedStepAbandonsThePlan() throws {
      let engine = try Embedder()
      let before = try engine.placement().map(\.replica)
      let first = try engine.tickUntilStep()
      try expectDone(ballast_balancer_acknowledge(engine.balancer, first.step, 0))
      let second = try #require(try engine.nextStep())
      try expectDone(ballast_balancer_acknowledge(engine.balancer, second.step, 1))
      let third = try #require(try engine.nextStep())
      // What had been staged is to be given back.
      #expect(third.kind == BALLAST_STEP_RETIRE)
      #expect(third.replica.replica == first.replica.replica)
      // The turn is over once there is nothing more to wait for.
      #expect(try engine.nextStep() == nil)
      #expect(try engine.placement().map(\.replica) == before)
      #expect(try engine.statistics.plans_abandoned == 1)
    }

    @Test func anAbortWithdrawsTheStepGiven() throws {
      let engine = try Embedder()
      let step = try engine.tickUntilStep()
      try expectDone(ballast_balancer_abort(engine.balancer))
      #expect(ballast_balancer_acknowledge(engine.balancer, step.step, 0) == BALLAST_NOTHING)
      #expect(try engine.nextStep() == nil)
      #expect(try engine.statistics.plans_abandoned == 1)
      #expect(ballast_balancer_abort(engine.balancer) == BALLAST_NOTHING)
    }

    @Test func aStepThatTakesTooLongIsWithdrawn() throws {
      let engine = try Embedder(settings: Embedder.settings + "\nrollout.stagingTimeoutSeconds = 0.001")
      let step = try engine.tickUntilStep()
      #expect(try engine.nextStep() == nil)
      #expect(ballast_balancer_acknowledge(engine.balancer, step.step, 0) == BALLAST_NOTHING)
    }

    @Test func processesThatShareTheirCountsMakeTheSamePlan() throws {
      let engines = [try Embedder(), try Embedder()]
      for _ in 0..<16 { try engines[0].record() }
      try engines[1].record(Embedder.chosen.map { 7 - $0 })
      var merged: ballast_load = 0
      try expectDone(ballast_load_snapshot(engines[0].balancer, &merged))
      var other: ballast_load = 0
      try expectDone(ballast_load_snapshot(engines[1].balancer, &other))
      try expectDone(ballast_load_merge(merged, other))
      var steps: [[String]] = [[], []]
      for (index, engine) in engines.enumerated() {
        try expectDone(ballast_balancer_tick_load(engine.balancer, merged, 1))
        while let step = try engine.nextStep() {
          steps[index].append("\(step.step) \(step.kind) \(step.replica)")
          try expectDone(ballast_balancer_acknowledge(engine.balancer, step.step, 0))
        }
      }
      #expect(!steps[0].isEmpty)
      #expect(steps[0] == steps[1])
      try expectDone(ballast_load_destroy(merged))
      try expectDone(ballast_load_destroy(other))
    }

    @Test func destroyingABalancerEndsWhatItWaitsFor() throws {
      var engine: Embedder? = try Embedder()
      let (balancer, step) = (try #require(engine).balancer, try #require(engine).tickUntilStep())
      engine = nil
      #expect(ballast_balancer_acknowledge(balancer, step.step, 0) == BALLAST_STALE_HANDLE)
    }
  }
}

import BallastC
import CBallast
import Testing

extension BlockingCalls {
  @Suite struct OperationCallsTests {
    /// Served unevenly, and frozen.
    private func frozen() throws -> Embedder {
      let engine = try Embedder()
      try expectDone(ballast_balancer_freeze(engine.balancer))
      for _ in 0..<16 { try engine.record() }
      return engine
    }

    private func dryRun(_ engine: Embedder, load: ballast_load = 0) throws -> ballast_plan {
      var plan: ballast_plan = 0
      try expectDone(ballast_balancer_dry_run(engine.balancer, load, &plan))
      return plan
    }

    private func placement(of plan: ballast_plan) throws -> [[UInt32]] {
      var replicas = Array(repeating: ballast_replica(), count: 1024)
      var count: UInt64 = 0
      try expectDone(ballast_plan_placement(plan, &replicas, 1024, &count))
      return replicas.prefix(Int(count)).map { [$0.layer, $0.expert, $0.device, $0.precision] }
    }

    private func placement(of engine: Embedder) throws -> [[UInt32]] {
      try engine.placement().map { [$0.layer, $0.expert, $0.device, $0.precision] }
    }

    @Test func aDryRunTellsAndDoesNothing() throws {
      let engine = try frozen()
      let before = try placement(of: engine)
      let plan = try dryRun(engine)
      var forecast = ballast_forecast()
      forecast.size = UInt32(MemoryLayout<ballast_forecast>.stride)
      try expectDone(ballast_plan_forecast(plan, &forecast))
      #expect(forecast.imbalance_after < forecast.imbalance_before)
      #expect(forecast.added > 0)
      #expect(try placement(of: engine) == before)
      #expect(try engine.nextStep() == nil)
      #expect(try engine.statistics.ticks == 0)
      var (version, step): (UInt64, UInt64) = (9, 9)
      try expectDone(ballast_plan_switch(plan, &version, &step))
      #expect(try version == engine.statistics.table_version + 1)
      #expect(step == 0)
    }

    @Test func aDryRunOnCountsMadeElsewhere() throws {
      let (engine, other) = (try frozen(), try Embedder())
      var load: ballast_load = 0
      try expectDone(ballast_load_snapshot(engine.balancer, &load))
      var plan: ballast_plan = 0
      #expect(ballast_balancer_dry_run(other.balancer, 0, &plan) == BALLAST_NOTHING)
      #expect(try placement(of: dryRun(other, load: load)) == placement(of: dryRun(engine)))
      var small: ballast_load = 0
      try expectDone(ballast_load_create(1, 8, &small))
      #expect(ballast_balancer_dry_run(other.balancer, small, &plan) == BALLAST_BAD_VALUE)
      #expect(ballast_balancer_dry_run(other.balancer, 77, &plan) == BALLAST_STALE_HANDLE)
      #expect(ballast_balancer_dry_run(engine.balancer, load, nil) == BALLAST_BAD_POINTER)
    }

    @Test func aPlanIsAppliedStepByStepAndTakenBack() throws {
      let engine = try frozen()
      #expect(ballast_balancer_roll_back(engine.balancer) == BALLAST_NOTHING)
      let before = try placement(of: engine)
      let plan = try dryRun(engine)
      try expectDone(ballast_plan_set_switch(plan, 640))
      try expectDone(ballast_balancer_apply(engine.balancer, plan))
      #expect(ballast_balancer_apply(engine.balancer, plan) == BALLAST_BUSY)
      var publications: [UInt64] = []
      while let step = try engine.nextStep() {
        if step.kind == BALLAST_STEP_PUBLISH {
          publications.append(step.switch_step)
        } else {
          #expect(step.switch_step == 0)
        }
        try expectDone(ballast_balancer_acknowledge(engine.balancer, step.step, 0))
      }
      #expect(publications == [640])
      #expect(try placement(of: engine) == placement(of: plan))
      #expect(ballast_balancer_apply(engine.balancer, plan) == BALLAST_PLACEMENT_REFUSED)
      #expect(explanation.contains("plan again"))
      try expectDone(ballast_balancer_roll_back(engine.balancer))
      while let step = try engine.nextStep() {
        try expectDone(ballast_balancer_acknowledge(engine.balancer, step.step, 0))
      }
      #expect(try placement(of: engine) == before)
    }

    @Test func aPlanTravelsBetweenProcesses() throws {
      let engines = [try frozen(), try frozen()]
      let plan = try dryRun(engines[0])
      try expectDone(ballast_plan_set_switch(plan, 7))
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      var count: UInt64 = 0
      try expectDone(ballast_plan_serialise(plan, &bytes, UInt64(bytes.count), &count))
      var received: ballast_plan = 0
      for length in 0..<count { #expect(ballast_plan_deserialise(bytes, length, &received) == BALLAST_BAD_BYTES) }
      for place in 0..<Int(count) {
        bytes[place] ^= 1
        #expect(ballast_plan_deserialise(bytes, count, &received) == BALLAST_BAD_BYTES)
        bytes[place] ^= 1
      }
      #expect(received == 0)
      try expectDone(ballast_plan_deserialise(bytes, count, &received))
      var (version, step): (UInt64, UInt64) = (0, 0)
      try expectDone(ballast_plan_switch(received, &version, &step))
      #expect(try version == engines[0].statistics.table_version + 1)
      #expect(step == 7)
      var steps: [[String]] = [[], []]
      for (index, sent) in [plan, received].enumerated() {
        try expectDone(ballast_balancer_apply(engines[index].balancer, sent))
        while let step = try engines[index].nextStep() {
          steps[index].append("\(step)")
          try expectDone(ballast_balancer_acknowledge(engines[index].balancer, step.step, 0))
        }
      }
      #expect(steps[0] == steps[1] && !steps[0].isEmpty)
      #expect(try placement(of: engines[0]) == placement(of: engines[1]))
    }

    @Test func aPlacementChosenByHandIsPlannedFor() throws {
      let engine = try frozen()
      var target = try engine.placement()
      for index in target.indices { target[index].replica = 0 }
      // Expert 0 of layer 0 also on device 3.
      target.append(ballast_replica(layer: 0, expert: 0, device: 3, precision: 1, replica: 0, reserved: 0))
      var plan: ballast_plan = 0
      try expectDone(ballast_balancer_plan_to(engine.balancer, target, UInt64(target.count), &plan))
      try expectDone(ballast_balancer_apply(engine.balancer, plan))
      let step = try #require(try engine.nextStep())
      #expect(step.kind == BALLAST_STEP_STAGE && step.replica.expert == 0 && step.replica.device == 3)
      try expectDone(ballast_balancer_abort(engine.balancer))
      #expect(ballast_balancer_plan_to(engine.balancer, nil, 0, &plan) == BALLAST_BAD_POINTER)
      #expect(ballast_balancer_plan_to(engine.balancer, target, 3, &plan) == BALLAST_PLACEMENT_REFUSED)
      #expect(ballast_balancer_reach(engine.balancer, 1) == BALLAST_WRONG_MODE)
    }

    @Test func handlesOfOtherKindsAreRefused() throws {
      let engine = try frozen()
      var plan: ballast_plan = 0
      var (version, step): (UInt64, UInt64) = (0, 0)
      #expect(ballast_balancer_dry_run(engine.lane, 0, &plan) == BALLAST_STALE_HANDLE)
      #expect(ballast_balancer_apply(engine.balancer, engine.lane) == BALLAST_STALE_HANDLE)
      #expect(ballast_balancer_roll_back(0) == BALLAST_STALE_HANDLE)
      #expect(ballast_balancer_reach(.max, 0) == BALLAST_STALE_HANDLE)
      #expect(ballast_plan_switch(engine.balancer, &version, &step) == BALLAST_STALE_HANDLE)
      #expect(ballast_plan_set_switch(1, 1) == BALLAST_STALE_HANDLE)
      plan = try dryRun(engine)
      #expect(ballast_plan_switch(plan, nil, &step) == BALLAST_BAD_POINTER)
    }
  }
}

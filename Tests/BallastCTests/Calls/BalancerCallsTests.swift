import BallastC
import CBallast
import Testing

extension BlockingCalls {
  @Suite struct BalancerCallsTests {
    @Test func refusesNullAndUnknownSizes() throws {
      var model = Embedder.model
      var balancer: ballast_balancer = 0
      #expect(ballast_balancer_create(nil, nil, nil, nil, 0, &balancer) == BALLAST_BAD_POINTER)
      Embedder.withCluster(devices: 2) { cluster in
        var cluster = cluster
        #expect(ballast_balancer_create(&model, &cluster, nil, nil, 0, nil) == BALLAST_BAD_POINTER)
        model.size += 8
        #expect(ballast_balancer_create(&model, &cluster, nil, nil, 0, &balancer) == BALLAST_BAD_SIZE)
      }
      #expect(balancer == 0)
    }

    @Test(arguments: [
      ("layers", "layers is 0"), ("experts", "experts_per_layer"), ("precision", "full_precision is 9"),
      ("bytes", "bytesPerExpert"),
      ("reserved", "reserved"),
    ])
    func refusesModels(_ member: String, saying fact: String) {
      var model = Embedder.model
      switch member {
      case "layers": model.layers = 0
      case "experts": model.experts_per_layer = 0
      case "precision": model.full_precision = 9
      case "bytes": model.bytes_per_expert.0 = .max
      default: model.reserved = 1
      }
      var balancer: ballast_balancer = 0
      let status = Embedder.withCluster(devices: 2) { cluster in
        var cluster = cluster
        return ballast_balancer_create(&model, &cluster, nil, nil, 0, &balancer)
      }
      #expect(status != BALLAST_OK)
      #expect(member == "experts" || explanation.contains(fact))
    }

    @Test func refusesForeignAndOldHandles() throws {
      let engine = try Embedder()
      var statistics = ballast_statistics()
      statistics.size = UInt32(MemoryLayout<ballast_statistics>.stride)
      for handle in [0, engine.lane, engine.balancer + 1 << 32, engine.balancer ^ 1, .max] {
        #expect(ballast_balancer_statistics(handle, &statistics) == BALLAST_STALE_HANDLE)
        #expect(ballast_balancer_tick(handle, 0) == BALLAST_STALE_HANDLE)
      }
      #expect(ballast_lane_destroy(engine.balancer) == BALLAST_STALE_HANDLE)
    }

    @Test func settingsChangeOrStay() throws {
      let engine = try Embedder()
      try expectDone(ballast_balancer_configure(engine.balancer, "controller.dwellTicks = 3"))
      #expect(ballast_balancer_configure(engine.balancer, "controller.dwelTicks = 3") == BALLAST_BAD_SETTING)
      #expect(explanation.contains("did you mean controller.dwellTicks?"))
      #expect(ballast_balancer_configure(engine.balancer, "laneLimit = 3") == BALLAST_BAD_SETTING)
    }

    @Test func aFrozenBalancerKeepsItsPlacement() throws {
      let engine = try Embedder()
      try expectDone(ballast_balancer_freeze(engine.balancer))
      #expect(try engine.statistics.is_frozen == 1)
      #expect(throws: Missing.self) { try engine.tickUntilStep() }
      try expectDone(ballast_balancer_unfreeze(engine.balancer))
      #expect(try engine.tickUntilStep().kind == BALLAST_STEP_STAGE)
    }

    @Test func aLostDeviceIsPlannedAround() throws {
      let engine = try Embedder()
      try expectDone(ballast_balancer_set_device(engine.balancer, 3, UInt32(BALLAST_DEVICE_LOST)))
      #expect(ballast_balancer_set_device(engine.balancer, 4, UInt32(BALLAST_DEVICE_LOST)) == BALLAST_BAD_VALUE)
      #expect(ballast_balancer_set_device(engine.balancer, 0, 3) == BALLAST_BAD_VALUE)
      var step: ballast_step? = try engine.tickUntilStep()
      while let now = step {
        #expect(now.kind != BALLAST_STEP_STAGE || now.replica.device != 3)
        try expectDone(ballast_balancer_acknowledge(engine.balancer, now.step, 0))
        step = try engine.nextStep()
      }
      #expect(try engine.placement().allSatisfy { $0.device != 3 })
    }

    @Test func eventsTellWhatEachTurnDid() throws {
      let engine = try Embedder()
      var event = ballast_event()
      event.size = UInt32(MemoryLayout<ballast_event>.stride)
      #expect(ballast_balancer_next_event(engine.balancer, &event) == BALLAST_NOTHING)
      for turn in 0..<1030 { try expectDone(ballast_balancer_tick(engine.balancer, Int64(turn))) }
      try expectDone(ballast_balancer_next_event(engine.balancer, &event))
      #expect(event.tick == 6)
      #expect(event.dropped_before == 6)
      #expect(event.imbalance.isNaN)
      let text = withUnsafeBytes(of: event.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      #expect(text == "hold: nothing counted yet")
      #expect(try engine.statistics.events_dropped == 6)
    }

    @Test func runsUntilItIsStopped() async throws {
      let engine = try Embedder(settings: Embedder.settings + "\ntickMilliseconds = 1")
      let balancer = engine.balancer
      async let outcome = Task.detached { ballast_balancer_run(balancer) }.value
      while try engine.statistics.ticks < 3 { try await Task.sleep(for: .milliseconds(1)) }
      #expect(ballast_balancer_run(balancer) == BALLAST_BUSY)
      try expectDone(ballast_balancer_stop(balancer))
      #expect(await outcome == BALLAST_OK)
    }
  }
}

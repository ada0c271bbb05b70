import BallastC
import CBallast
import Foundation
import Testing

extension BlockingCalls {
  @Suite struct LearnedCallsTests {
    private let path = FileManager.default.temporaryDirectory.appending(path: "learned-\(UUID().uuidString)").path

    /// A balancer that has served, and applied a plan.
    private func taught() throws -> Embedder {
      let engine = try Embedder()
      var step: ballast_step? = try engine.tickUntilStep()
      while let now = step {
        try expectDone(ballast_balancer_acknowledge(engine.balancer, now.step, 0))
        step = try engine.nextStep()
      }
      return engine
    }

    private func named(_ replicas: [ballast_replica]) -> [[UInt32]] {
      replicas.map { [$0.layer, $0.expert, $0.device, $0.precision] }
    }

    @Test func whatWasLearnedGoesOnInAnotherBalancer() throws {
      let (engine, fresh) = (try taught(), try Embedder())
      defer { try? FileManager.default.removeItem(atPath: path) }
      try expectDone(ballast_balancer_save(engine.balancer, path))
      var replicas = Array(repeating: ballast_replica(), count: 1024)
      var count: UInt64 = 0
      #expect(ballast_saved_placement(path, nil, 0, &count) == BALLAST_BUFFER_TOO_SMALL)
      try expectDone(ballast_saved_placement(path, &replicas, count, &count))
      #expect(named(Array(replicas.prefix(Int(count)))) == named(try engine.placement()))

      #expect(named(try fresh.placement()) != named(try engine.placement()))
      try expectDone(ballast_balancer_restore(fresh.balancer, path))
      var staged = 0
      while let step = try fresh.nextStep() {
        if step.kind == BALLAST_STEP_STAGE { staged += 1 }
        try expectDone(ballast_balancer_acknowledge(fresh.balancer, step.step, 0))
      }
      #expect(staged > 0)
      #expect(named(try fresh.placement()) == named(try engine.placement()))
    }

    @Test func aDamagedFileIsRefusedAndChangesNothing() throws {
      let (engine, fresh) = (try taught(), try Embedder())
      defer { try? FileManager.default.removeItem(atPath: path) }
      try expectDone(ballast_balancer_save(engine.balancer, path))
      var bytes = try Data(contentsOf: URL(filePath: path))
      let before = named(try fresh.placement())
      var count: UInt64 = 0
      for place in stride(from: 0, to: bytes.count, by: 11) {
        bytes[place] ^= 0x40
        try bytes.write(to: URL(filePath: path))
        #expect(ballast_balancer_restore(fresh.balancer, path) == BALLAST_BAD_BYTES)
        #expect(ballast_saved_placement(path, nil, 0, &count) == BALLAST_BAD_BYTES)
        bytes[place] ^= 0x40
        try bytes.prefix(place).write(to: URL(filePath: path))
        #expect(ballast_balancer_restore(fresh.balancer, path) == BALLAST_BAD_BYTES)
      }
      #expect(named(try fresh.placement()) == before)
      #expect(try fresh.nextStep() == nil)
    }

    @Test func pathsAreChecked() throws {
      let engine = try Embedder()
      #expect(ballast_balancer_save(engine.balancer, nil) == BALLAST_BAD_POINTER)
      #expect(ballast_balancer_save(engine.balancer, "") == BALLAST_BAD_VALUE)
      #expect(ballast_balancer_save(engine.balancer, String(repeating: "a", count: 5000)) == BALLAST_BAD_VALUE)
      #expect(ballast_balancer_save(engine.balancer, path + "/missing/state") == BALLAST_FILE_REFUSED)
      #expect(ballast_balancer_restore(engine.balancer, path) == BALLAST_FILE_REFUSED)
      #expect(explanation.contains(path))
      #expect(ballast_balancer_restore(engine.lane, path) == BALLAST_STALE_HANDLE)
    }

    @Test func anotherModelIsRefused() throws {
      let engine = try taught()
      defer { try? FileManager.default.removeItem(atPath: path) }
      try expectDone(ballast_balancer_save(engine.balancer, path))
      let other = try Embedder(devices: 2)
      #expect(ballast_balancer_restore(other.balancer, path) == BALLAST_PLACEMENT_REFUSED)
      #expect(explanation.contains("4 devices, this one 2"))
    }
  }
}

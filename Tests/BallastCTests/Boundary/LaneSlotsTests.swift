import BallastC
import CBallast
import Testing

extension BlockingCalls {
  @Suite struct LaneSlotsTests {
    @Test func aLaneThatWasDestroyedIsStaleAndItsPlaceIsUsedAgain() throws {
      let engine = try Embedder()
      var (first, second) = (ballast_lane(), ballast_lane())
      try expectDone(ballast_lane_create(engine.balancer, &first))
      try expectDone(ballast_lane_destroy(first))
      try expectDone(ballast_lane_create(engine.balancer, &second))
      #expect(first != second)
      #expect(Embedder.withSelection { ballast_lane_record(first, 0, &$0) } == BALLAST_STALE_HANDLE)
      #expect(ballast_lane_destroy(first) == BALLAST_STALE_HANDLE)
      try expectDone(ballast_lane_destroy(second))
    }

    @Test func namesThatAreNoLanesAreRefused() throws {
      let engine = try Embedder()
      for name in [0, .max, engine.lane + 1 << 32, engine.lane | 0xffff_ffff, engine.balancer] {
        #expect(Embedder.withSelection { ballast_lane_record(name, 0, &$0) } == BALLAST_STALE_HANDLE)
        #expect(ballast_lane_destroy(name) == BALLAST_STALE_HANDLE)
      }
    }
  }
}

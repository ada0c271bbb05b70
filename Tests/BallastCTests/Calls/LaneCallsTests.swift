import BallastC
import CBallast
import Testing

extension BlockingCalls {
  @Suite struct LaneCallsTests {
    @Test func aLaneBelongsToOneThread() async throws {
      let engine = try Embedder()
      let lane = engine.lane
      let outcomes = await withTaskGroup(of: (done: Int, busy: Int, other: Int).self) { group in
        for _ in 0..<4 {
          group.addTask {
            var seen = (done: 0, busy: 0, other: 0)
            for _ in 0..<2000 {
              let status = Embedder.withSelection { ballast_lane_record(lane, 0, &$0) }
              switch status {
              case ballast_status(BALLAST_OK): seen.done += 1
              case ballast_status(BALLAST_LANE_BUSY): seen.busy += 1
              default: seen.other += 1
              }
            }
            return seen
          }
        }
        return await group.reduce((done: 0, busy: 0, other: 0)) {
          ($0.done + $1.done, $0.busy + $1.busy, $0.other + $1.other)
        }
      }
      #expect(outcomes.other == 0)
      #expect(outcomes.done + outcomes.busy == 8000)
      // Every batch that was not refused is counted, once.
      #expect(try engine.statistics.tokens == UInt64(outcomes.done * Embedder.tokens))
    }

    @Test func lanesEndWithTheirBalancer() throws {
      var engine: Embedder? = try Embedder()
      let lane = try #require(engine).lane
      engine = nil
      #expect(Embedder.withSelection { ballast_lane_record(lane, 0, &$0) } == BALLAST_STALE_HANDLE)
      #expect(ballast_lane_destroy(lane) == BALLAST_STALE_HANDLE)
    }

    @Test func noMoreLanesThanTheLimit() throws {
      let engine = try Embedder(settings: Embedder.settings + "\nlaneLimit = 1")
      var lane: ballast_lane = 0
      #expect(ballast_lane_create(engine.balancer, &lane) == BALLAST_LIMIT_REACHED)
      #expect(lane == 0)
      try expectDone(ballast_lane_destroy(engine.lane))
      try expectDone(ballast_lane_create(engine.balancer, &lane))
    }
  }
}

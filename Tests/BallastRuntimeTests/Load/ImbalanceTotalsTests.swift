import BallastRuntime
import Testing

@Suite struct ImbalanceTotalsTests {
  @Test func whatWasSampledSinceIsTheDifferenceOfEverySum() {
    var earlier = ImbalanceTotals()
    earlier.batches = 2
    earlier.expert = 5
    earlier.replica = 3
    earlier.device = 2.5
    var now = earlier
    now.batches += 1
    now.expert += 4
    now.replica += 0.5
    now.device += 1.25
    let since = now.since(earlier)
    #expect(since.batches == 1)
    #expect(since.expert == 4)
    #expect(since.replica == 0.5)
    #expect(since.device == 1.25)
    #expect(now.since(ImbalanceTotals()) == now)
  }
}

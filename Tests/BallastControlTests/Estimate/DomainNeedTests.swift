import Testing

@testable import BallastControl

@Suite struct DomainNeedTests {
  @Test func beforeAnythingIsSampledNeedFollowsTheLoad() {
    let need = DomainNeed(halfLifeTicks: 4)
    #expect(need.shares(loads: [[3, 1]]) == [[0.75, 0.25]])
    #expect(need.shares(loads: [[0, 0]]) == [[0.5, 0.5]])
  }

  @Test func sharesAreOfEachLayerByItself() {
    var need = DomainNeed(halfLifeTicks: 0)
    need.note([[1, 3], [0, 0]])
    #expect(need.shares(loads: [[9, 9], [1, 4]]) == [[0.25, 0.75], [0.2, 0.8]])
  }

  /// Sums since the start go on growing; what came long ago counts less.
  @Test func afterADomainChangeTheNewOnesNeedIsSeen() {
    var fading = DomainNeed(halfLifeTicks: 2)
    var lasting = DomainNeed(halfLifeTicks: 0)
    var sums = [0.0, 0.0]
    for tick in 0..<20 {
      sums[tick < 12 ? 0 : 1] += 1
      fading.note([sums])
      lasting.note([sums])
    }
    #expect(fading.shares(loads: [[1, 1]])[0][1] > 0.9)
    #expect(lasting.shares(loads: [[1, 1]])[0] == [0.6, 0.4])
  }

  @Test func idlenessForgetsNothing() {
    var need = DomainNeed(halfLifeTicks: 1)
    need.note([[1, 0]])
    need.note([[1, 1]])
    let before = need.shares(loads: [[1, 1]])
    for _ in 0..<50 { need.note([[1, 1]]) }
    #expect(need.shares(loads: [[1, 1]]) == before)
  }
}

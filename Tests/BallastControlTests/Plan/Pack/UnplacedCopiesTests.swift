import Testing

@testable import BallastControl

@Suite struct UnplacedCopiesTests {
  @Test func copiesWaitUntilTheyArePlaced() {
    let begin = UnplacedCopies(7, of: 4)
    #expect(begin.unchosen == 0b1111 && begin.waiting == 0 && begin.extra == 3)
    let once = begin.placing(.init(1, choosing: 3))
    #expect(once.unchosen == 0b1101 && once.waiting == 0b10 && once.extra == 1)
    #expect(once.isWaiting(1) && !once.isWaiting(0))
    let twice = once.placing(.init(1, choosing: 0))
    #expect(twice.isWaiting(1))
    #expect(twice.placing(.init(1, choosing: 0)).waiting == 0)
    #expect(begin.placing(.init(3, choosing: 1)).waiting == 0)
  }

  @Test func copiesOfAnExpertNeedADeviceEach() {
    let left = UnplacedCopies(8, of: 4).placing(.init(0, choosing: 4))
    #expect(left.fits(3))
    #expect(!left.fits(2))
    // One copy beyond one each has nowhere to go on one device.
    #expect(UnplacedCopies(5, of: 4).fits(2))
    #expect(!UnplacedCopies(5, of: 4).fits(1))
    #expect(!UnplacedCopies(4, of: 4).fits(0))
  }
}

import Glibc
import Testing

@testable import BallastRuntime

@Suite struct WaitWatchTests {
  @Test func sleepingIsWaiting() {
    let watch = WaitWatch()
    usleep(2_000)
    #expect(watch.hasWaited(longerThan: .milliseconds(1)))
  }

  @Test func aShortWaitIsLetPass() {
    let watch = WaitWatch()
    usleep(100)
    #expect(!watch.hasWaited(longerThan: .seconds(60)))
  }

  @Test func longWorkIsNotWaiting() {
    let watch = WaitWatch()
    let clock = ContinuousClock()
    let end = clock.now + .milliseconds(2)
    while clock.now < end {}
    #expect(!watch.hasWaited(longerThan: .milliseconds(1)))
  }
}

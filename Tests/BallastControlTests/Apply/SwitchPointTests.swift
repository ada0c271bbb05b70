import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct SwitchPointTests {
  /// Announces a switch at step 10 and waits for it; says whether it was published.
  private func publish(_ point: SwitchPoint) -> Task<Bool, Never> {
    point.announce(10)
    return Task {
      defer { point.conclude() }
      do throws(StagingError) { try await point.wait() } catch { return false }
      return true
    }
  }

  /// Steps until the publication waits.
  private func reachOnceStaged(_ point: SwitchPoint, _ step: UInt64) async -> SwitchPoint.Outcome {
    while true {
      let outcome = await point.reach(step)
      if outcome != .notStaged { return outcome }
      try? await Task.sleep(for: .milliseconds(1))
    }
  }

  @Test func thePublicationIsDoneWhenTheStepBegins() async {
    let point = SwitchPoint()
    let publication = publish(point)
    #expect(await point.reach(9) == .nothing)
    #expect(await reachOnceStaged(point, 10) == .switched)
    #expect(await publication.value)
    #expect(point.reached == 10)
    #expect(await point.reach(11) == .nothing)
  }

  @Test func aStepIsHeldBackUntilThePlanIsStaged() async {
    let point = SwitchPoint()
    point.announce(10)
    #expect(await point.reach(12) == .notStaged)
    #expect(point.reached == nil)
  }

  @Test func withoutAStepNobodyWaits() async throws {
    let point = SwitchPoint()
    point.announce(nil)
    try await point.wait()
    point.conclude()
    #expect(point.reached == nil)
  }

  @Test func aPlanThatWaitsCanBeWithdrawn() async {
    let point = SwitchPoint()
    let publication = publish(point)
    while !point.withdraw() { try? await Task.sleep(for: .milliseconds(1)) }
    #expect(await publication.value == false)
    #expect(!point.withdraw())
  }

  @Test func aCancelledPlanWaitsNoLonger() async {
    let point = SwitchPoint()
    let publication = publish(point)
    publication.cancel()
    #expect(await publication.value == false)
  }

  @Test func aStepThatServingHasPassedIsNotWaitedFor() async {
    let point = SwitchPoint()
    #expect(await point.reach(10) == .nothing)
    #expect(await publish(point).value == false)
  }

  @Test func onceClosedNothingWaits() async {
    let point = SwitchPoint()
    point.close()
    #expect(await publish(point).value == false)
  }
}

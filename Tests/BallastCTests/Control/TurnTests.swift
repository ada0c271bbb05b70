import BallastRuntime
import Testing

@testable import BallastC

@Suite struct TurnTests {
  private func step(_ turn: inout Turn) -> Turn.Step { Turn.Step(number: turn.nextNumber(), kind: .retire) }

  @Test func stepsAreGivenOnceAndInOrder() {
    var turn = Turn()
    turn.post(step(&turn))
    turn.post(step(&turn))
    #expect(turn.take()?.number == 1)
    #expect(turn.take()?.number == 2)
    #expect(turn.take() == nil)
    #expect(turn.finish(2)?.step.number == 2)
    #expect(turn.finish(2) == nil)
    #expect(turn.finish(3) == nil)
    #expect(!turn.waitsForSteps)
  }

  @Test func aWithdrawnStepIsNeitherGivenNorAcknowledged() {
    var turn = Turn()
    turn.post(step(&turn))
    turn.post(step(&turn))
    turn.withdraw(1)
    #expect(turn.take()?.number == 2)
    turn.withdraw(2)
    #expect(turn.finish(2) == nil)
  }

  @Test func anAbortAnswersWhoeverWaits() async {
    let turn = Monitor(Turn())
    let waiting = Task {
      await withCheckedContinuation { reply in
        turn.withLock { $0.post(Turn.Step(number: $0.nextNumber(), kind: .stage), reply: reply) }
      }
    }
    while !turn.withLock({ $0.waitsForSteps }) { try? await Task.sleep(for: .milliseconds(1)) }
    turn.withLock { $0.abort() }
    guard case .failure(.cancelled) = await waiting.value else {
      Issue.record("the step was not withdrawn")
      return
    }
    #expect(turn.withLock { $0.isAborting && !$0.waitsForSteps })
  }
}

import CBallast
import Testing

@testable import BallastC
@testable import BallastControl

@Suite struct EventQueueTests {
  private func event(_ tick: Int) -> ControlEvent {
    ControlEvent(tick: tick, time: .zero, decision: .hold(.noLoad), retired: 0, isRetiring: false)
  }

  @Test func eventsComeInOrderAndTheOldestMakeRoom() throws {
    var queue = EventQueue()
    #expect(queue.take() == nil)
    for tick in 0..<1026 { queue.add(event(tick)) }
    #expect(queue.dropped == 2)
    guard let first = queue.take(), let second = queue.take() else { throw Missing() }
    #expect(first.event.tick == 2 && first.droppedBefore == 2)
    #expect(second.event.tick == 3 && second.droppedBefore == 0)
    var last = 3
    while let taken = queue.take() {
      #expect(taken.event.tick == last + 1)
      last += 1
    }
    #expect(last == 1025)
  }

  @Test func aTextIsCutToItsRoomAndEndsWithAZero() {
    var long = event(0)
    long.rollout = .abandoned(
      .staging(.badWeights(layer: .init(0), expert: .init(1), reason: String(repeating: "ö", count: 300))),
      stagedBefore: 0)
    let written = ballast_event(long, droppedBefore: 0)
    let bytes = withUnsafeBytes(of: written.text) { Array($0) }
    #expect(bytes.count == 192 && bytes[191] == 0)
    #expect(String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)?.hasSuffix("ö") == true)
    #expect(written.outcome == BALLAST_OUTCOME_ABANDONED)
  }

  @Test func timesBeyondNanosecondsAreCutToThem() {
    #expect(Duration.seconds(3).wholeNanoseconds == 3_000_000_000)
    #expect(Duration.seconds(1e12).wholeNanoseconds == .max)
    #expect(Duration.seconds(-1e12).wholeNanoseconds == .min)
  }
}

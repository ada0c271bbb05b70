import BallastControl
import Testing

/// Diagrams with one letter a tick.
///
/// In: `!` more waits than should, `~` up to the target, `.` at most half of it, `?` nobody says. Out: the level.
@Suite struct ComputeReliefTests {
  private static func relief(levels: Int = 3, settle: Int = 1, target: Int = 10) -> ComputeRelief {
    ComputeRelief(
      configuration: ComputeReliefConfiguration(queueTarget: target, levels: levels, settleTicks: settle))
  }

  private func levels(_ ticks: String, levels: Int = 3, settle: Int = 1, target: Int = 10) -> String {
    var relief = Self.relief(levels: levels, settle: settle, target: target)
    return ticks.map { tick in
      _ = relief.decide(queueLength: ["!": 11, "~": 10, ".": 5, "?": nil][tick] ?? nil)
      return "\(relief.level)"
    }.joined()
  }

  @Test func itRisesWhileMoreWaitsThanShould() {
    #expect(levels("!!!!!") == "12333")
    #expect(levels("~~~~") == "0000")
  }

  @Test func itFallsWhenTheQueueHasHalved() {
    #expect(levels("!!!...") == "123210")
    #expect(levels("!!~~~~.") == "1222221")
    #expect(levels("!.!.") == "1010")
  }

  @Test func eachRiseIsGivenTimeToShow() {
    #expect(levels("!!!!!!!", settle: 3) == "1112223")
    #expect(levels("!!!.!!!", settle: 3) == "1110111")
    #expect(levels("!...", settle: 9) == "1000")
  }

  @Test func withoutATargetOrAWordNothingIsSpared() {
    #expect(levels("!!!!", target: 0) == "0000")
    #expect(levels("!!??..") == "122210")
    #expect(levels("!!!", levels: 0) == "000")
    #expect(levels("!!!", levels: 2, settle: -5) == "122")
  }

  @Test func aStepSaysWhatItDid() throws {
    var relief = Self.relief()
    let steps = [40, 8, -3].map { relief.decide(queueLength: $0) }
    let up = try #require(steps[0])
    #expect((up.from, up.to, up.queueLength) == (0, 1, 40))
    #expect(steps[1] == nil)
    let down = try #require(steps[2])
    #expect((down.from, down.to, down.queueLength) == (1, 0, 0))
  }

  @Test func turningItOffRestoresAtOnce() {
    var relief = Self.relief()
    for _ in 0..<3 { _ = relief.decide(queueLength: 99) }
    relief.configuration.levels = 1
    let less = relief.decide(queueLength: 99)
    relief.configuration.queueTarget = 0
    let none = relief.decide(queueLength: nil)
    let after = relief.decide(queueLength: 99)
    #expect(less?.to == 1)
    #expect(none?.to == 0)
    #expect(after == nil)
  }

  /// A server that computes `capacity` requests a tick, a tenth more with every level, and is given 25 % more than it
  /// can for a while.
  @Test(arguments: [1, 2]) func underAnOverloadTheQueueStaysBoundedAndQualityComesBack(settle: Int) {
    var relief = Self.relief(levels: 4, settle: settle, target: 40)
    var queues: [Double] = []
    var levels: [Int] = []
    var alone = 0.0
    var queue = 0.0
    for tick in 0..<300 {
      let arrivals = (50..<200).contains(tick) ? 25.0 : 12
      alone = max(0, alone + arrivals - 20)
      queue = max(0, queue + arrivals - 20 * (1 + 0.1 * Double(relief.level)))
      _ = relief.decide(queueLength: Int(queue))
      queues.append(queue)
      levels.append(relief.level)
      if tick == 199 { #expect(alone > 700) }
    }
    #expect(levels[..<50].allSatisfy { $0 == 0 })
    #expect((queues.max() ?? 0) < 65)
    #expect(levels.contains { $0 >= 3 })
    // Twenty ticks after the overload everything is as it was.
    #expect(levels[220...].allSatisfy { $0 == 0 })
    #expect(queues[220...].allSatisfy { $0 == 0 })
  }
}

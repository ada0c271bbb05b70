import BallastServing
import Testing

@Suite struct CalibrationTextsTests {
  /// Bytes that repeat nowhere.
  private func text(_ name: String, _ count: Int, seed: UInt32) -> DomainText {
    var state = seed
    return DomainText(
      name: name,
      bytes: (0..<count).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return UInt8(state >> 24)
      })
  }

  @Test func cutsSequencesAndDropsTheTail() {
    let texts = CalibrationTexts([text("a", 700, seed: 1), text("b", 255, seed: 2)], excluding: [])
    #expect(texts.sequences.count == 2 && texts.sequences.allSatisfy { $0.count == 256 })
    #expect(texts.leftOut == 0)
  }

  @Test func leavesOutWhatIsScored() {
    let text = text("a", 1024, seed: 3)
    #expect(CalibrationTexts([text], excluding: [text]).sequences.isEmpty)
    #expect(CalibrationTexts([text], excluding: [text]).leftOut == 4)
    #expect(CalibrationTexts([text], excluding: [self.text("b", 1024, seed: 4)]).sequences.count == 4)
  }

  @Test(arguments: [0, 1, 37, 130]) func findsASharedRunWhereverItLies(offset: Int) {
    let fitted = text("a", 1024, seed: 5)
    let foreign = text("b", 400, seed: 6).bytes
    let scored = DomainText(
      name: "c", bytes: Array(foreign[..<offset]) + Array(fitted.bytes[300..<430]) + Array(foreign[offset...]))
    let texts = CalibrationTexts([fitted], excluding: [scored])
    #expect(texts.leftOut == 1)
    #expect(!texts.sequences.contains(Array(fitted.bytes[256..<512])))
  }

  @Test func shortTextsAreNoTrouble() {
    #expect(
      CalibrationTexts([DomainText(name: "a", bytes: [1])], excluding: [DomainText(name: "b", bytes: [])])
        .sequences.isEmpty)
  }
}

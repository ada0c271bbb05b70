import Foundation
import Testing

@testable import BallastOperations

@Suite struct BenchDocumentTests {
  private let outcome = RepeatedMeasurement.Outcome(
    nanoseconds: SampleSummary(1, [2, 3]), warmUpSamples: 64, isSteady: true)

  @Test func membersAreNamedAndComplete() throws {
    let row = BenchRow("record", outcome, unit: "ns/assignment", floor: 0.5)
    let pause = PauseFigures(p999With: 3, p999Without: 2, worst: 9, stepsWaited: 0)
    let text = JSONText.text(BenchDocument([row], pause: pause))
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: [String: Any]]
    #expect(object?.keys.sorted() == ["pause", "record"])
    #expect(object?["record"]?.keys.sorted() == ["floor", "median", "p99", "ratio", "unit"])
    #expect(object?["record"]?["ratio"] as? Double == 4)
    #expect(object?["pause"]?.keys.sorted() == ["p999With", "p999Without", "ratio", "stepsWaited", "worst"])
    #expect(object?["pause"]?["ratio"] as? Double == 1.5)
  }

  @Test func withoutPauseThereIsNone() {
    #expect(JSONText.text(BenchDocument([])).filter { !$0.isWhitespace } == "{}")
  }
}

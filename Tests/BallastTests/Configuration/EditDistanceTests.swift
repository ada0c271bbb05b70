import Testing

@testable import Ballast

@Suite struct EditDistanceTests {
  @Test(arguments: [("", "", 0), ("abc", "", 3), ("", "abc", 3), ("kitten", "sitting", 3), ("Mode", "mode", 0)])
  func countsLetters(_ first: String, _ second: String, _ distance: Int) {
    #expect(editDistance(first, second) == distance)
    #expect(editDistance(second, first) == distance)
  }

  @Test func suggestsOnlyWhatIsNear() {
    #expect(nearest(to: "modde", among: ["act", "mode"]) == "mode")
    #expect(nearest(to: "colour", among: ["act", "mode"]) == nil)
    #expect(nearest(to: String(repeating: "mode", count: 1000), among: ["mode"]) == nil)
  }
}

import Testing

@Suite struct SanitizedTests {
  @Test func everyStressTestRunsUnderTheSanitizers() throws {
    let linked = Set(try Repository.swiftFiles(in: "Tests/Sanitized/StressTests").map(\.text))
    let tests = try Repository.swiftFiles(in: "Tests/StressTests")
    #expect(!tests.isEmpty)
    for test in tests {
      #expect(linked.contains(test.text), "link \(test.path) into Tests/Sanitized/StressTests")
    }
  }
}

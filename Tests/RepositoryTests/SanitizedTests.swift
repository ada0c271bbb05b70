import Testing

@Suite struct SanitizedTests {
  @Test func everyStressTestRunsUnderTheSanitizers() throws {
    let linked = Set(try Repository.swiftFiles(in: "Tests/Sanitized/StressTests").map(\.lines))
    let tests = try Repository.swiftFiles(in: "Tests/StressTests")
    #expect(!tests.isEmpty)
    for test in tests {
      #expect(linked.contains(test.lines), "link \(test.path) into Tests/Sanitized/StressTests")
    }
  }
}

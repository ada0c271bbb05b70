import Testing

@Suite struct UntestedTests {
  @Test func everySourceWithBehaviourHasATestFile() throws {
    let tests = try Repository.swiftFiles(in: "Tests").map(\.path)
    expectNone(
      Untested.violations(
        sources: try Repository.swiftFiles(in: "Sources"), tests: tests,
        exemptions: try Repository.file("Tests/untested.txt")))
  }

  private let source = SourceFile(path: "Sources/Ballast/Load/Scale.swift", text: "func scale() -> Int { 1 + 1 }\n")

  @Test func aMissingTestIsSeen() {
    #expect(violations(tests: ["Tests/BallastCPUTests/ScaleTests.swift"], exemptions: "").map(\.path) == [source.path])
  }

  @Test func aTestAnywhereInTheMirroredTargetCounts() {
    #expect(violations(tests: ["Tests/BallastTests/Load/ScaleTests.swift"], exemptions: "") == [])
  }

  @Test func anExtensionMayBeTestedWithItsType() {
    let topic = SourceFile(path: "Sources/Ballast/Scale+Text.swift", text: source.lines[0])
    let list = SourceFile(path: "untested.txt", text: "")
    let tests = ["Tests/BallastTests/ScaleTests.swift"]
    #expect(Untested.violations(sources: [topic], tests: tests, exemptions: list) == [])
    #expect(Untested.violations(sources: [topic], tests: [], exemptions: list).count == 1)
  }

  @Test func anExemptionNeedsAReason() {
    #expect(violations(tests: [], exemptions: "# why\n\(source.path): prints only\n") == [])
    #expect(violations(tests: [], exemptions: "\(source.path):\n").map(\.line) == [1])
  }

  @Test func anExemptionThatIsNotNeededIsSeen() {
    let exemptions = "\(source.path): prints only\n"
    #expect(violations(tests: ["Tests/BallastTests/ScaleTests.swift"], exemptions: exemptions).count == 1)
    #expect(violations(tests: ["Tests/BallastTests/ScaleTests.swift"], exemptions: "Sources/Gone.swift: x").count == 1)
  }

  @Test func storingArgumentsIsNoBehaviour() {
    let plain = SourceFile(path: "S.swift", text: "init(a: Int) {\n  self.a = a\n  b = nil\n}\n")
    let active = SourceFile(path: "S.swift", text: "init(a: Int) {\n  self.a = a * 2\n}\n")
    #expect(!Untested.hasBehaviour(plain))
    #expect(Untested.hasBehaviour(active))
    #expect(Untested.hasBehaviour(source))
  }

  private func violations(tests: [String], exemptions: String) -> [Violation] {
    Untested.violations(
      sources: [source], tests: tests, exemptions: SourceFile(path: "untested.txt", text: exemptions))
  }
}

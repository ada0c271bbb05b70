import Testing

@Suite struct UnsafeCodeTests {
  @Test func unsafeCodeIsExplainedAndWhereItMayBe() throws {
    expectNone(try Repository.swiftFiles(in: "Sources").flatMap(UnsafeCode.violations))
  }

  @Test(arguments: [
    "let p: UnsafePointer<Int>", "let x = unsafe f()", "final class C: @unchecked Sendable {}",
    "nonisolated(unsafe) var v = 0", "let r = Unmanaged.passRetained(x)",
  ])
  func anUnexplainedSpotIsSeen(line: String) {
    #expect(violations(line, in: "Sources/BallastRuntime/Load/Fixture.swift").count == 1)
    #expect(violations("// Safety: why\n" + line, in: "Sources/BallastRuntime/Load/Fixture.swift") == [])
  }

  @Test func aFarCommentDoesNotExplain() {
    let text = "// Safety: why\n" + String(repeating: "let a = 0\n", count: 12) + "let x = unsafe f()\n"
    #expect(violations(text, in: "Sources/BallastCPU/Fixture.swift").count == 1)
  }

  @Test func oneCommentExplainsAWholeFunction() {
    let filler = String(repeating: "  let a = 0\n", count: 20)
    let text = "func g() {\n  // Safety: why\n\(filler)  let x = unsafe f()\n}\n"
    #expect(violations(text, in: "Sources/BallastCPU/Fixture.swift") == [])
  }

  @Test func soDoesOneAtItsHead() {
    let body = String(repeating: "  let a = 0\n", count: 20) + "  let x = unsafe f()\n}\n"
    let head = "/// What it does.\n@inline(never)\nfunc g() {\n"
    #expect(violations("// Safety: why\n" + head + body, in: "Sources/BallastCPU/Fixture.swift") == [])
    #expect(violations("// Safety: why\n\n" + head + body, in: "Sources/BallastCPU/Fixture.swift").count == 1)
  }

  @Test func explainedCodeIsStillSeenWhereItMayNotBe() {
    #expect(
      violations("// Safety: why\nlet x = unsafe f()", in: "Sources/BallastControl/Plan/Fixture.swift").count == 1)
  }

  private func violations(_ text: String, in path: String) -> [Violation] {
    UnsafeCode.violations(in: SourceFile(path: path, text: text))
  }
}

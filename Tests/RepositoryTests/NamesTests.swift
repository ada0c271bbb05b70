import Testing

@Suite struct NamesTests {
  @Test func noTypeOrFileHasAnEmptyName() throws {
    let files = try Repository.swiftFiles(in: "Sources") + Repository.swiftFiles(in: "Tests")
    expectNone(files.flatMap(Names.violations))
  }

  @Test(arguments: [
    "struct LoadInfo {}", "public final class PlanManager {}", "private enum Base { case one }",
    "indirect enum DataKind {}", "@safe public struct URLHandler {}", "typealias Meta = Int",
  ])
  func anEmptyNameIsSeen(text: String) {
    #expect(Names.violations(in: SourceFile(path: "Sources/Ballast/Fixture.swift", text: text)).count == 1)
  }

  @Test func anEmptyFileNameIsSeen() {
    #expect(Names.violations(in: SourceFile(path: "Sources/Ballast/StringUtil.swift", text: "")).count == 1)
  }

  @Test func usingSuchATypeIsAllowed() {
    let text = "struct Database {\n  let bytes: Data\n  func read() -> Data { bytes }\n}\n"
    #expect(Names.violations(in: SourceFile(path: "Sources/Ballast/Database.swift", text: text)) == [])
  }
}

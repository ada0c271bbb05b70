import Testing

@Suite struct FileNamesTests {
  @Test func everyFileIsNamedAfterItsType() throws {
    expectNone(try Repository.swiftFiles(in: "Sources").flatMap(FileNames.violations))
  }

  @Test func anotherNameIsSeen() {
    let text = "// why\nstruct Inner {}\n@safe public final class Outer<Value> {\n  public struct Nested {}\n}\n"
    let file = SourceFile(path: "Sources/Ballast/Inner.swift", text: text)
    #expect(FileNames.violations(in: file) == [file.violation(2, "the file is not named after Outer")])
  }

  @Test func extensionsAndFilesWithoutPublicTypesAreFree() {
    let topic = SourceFile(path: "Sources/Ballast/Type+Topic.swift", text: "public struct Other {}\n")
    let inner = SourceFile(path: "Sources/Ballast/Anything.swift", text: "struct Other {}\n")
    #expect([topic, inner].flatMap(FileNames.violations) == [])
  }
}

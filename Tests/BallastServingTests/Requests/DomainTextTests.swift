import Testing

@testable import BallastServing

@Suite struct DomainTextTests {
  @Test func everyTextIsADomainInTheOrderOfNames() throws {
    let directory = try TemporaryDirectory()
    try directory.write("two", "b.txt")
    try directory.write("one", "a.txt")
    try directory.write("no", "c.npy")
    let texts = try DomainText.read(directory: directory.path)
    #expect(texts.map(\.name) == ["a", "b"])
    #expect(texts[0].bytes == Array("one".utf8))
  }

  @Test func directoriesWithoutTextsAreNamed() throws {
    let directory = try TemporaryDirectory()
    #expect(throws: WorkloadError.noTexts(directory: directory.path)) {
      try DomainText.read(directory: directory.path)
    }
    #expect(throws: WorkloadError.self) { try DomainText.read(directory: directory.path + "/absent") }
  }
}

import Testing

@testable import BallastOperations

@Suite struct FileStampTests {
  @Test func differsWhenAFileIsReplacedOrGrows() throws {
    let scratch = try Scratch()
    let path = try scratch.write("file", "one")
    let first = try FileStamp(path: path)
    #expect(try FileStamp(path: path) == first)
    #expect(first.isRegular)
    #expect(first.bytes == 3)
    try WholeFile.write("two", to: path)
    #expect(try FileStamp(path: path) != first)
    #expect(try !FileStamp(path: scratch.folder).isRegular)
    #expect(throws: FileError.self) { try FileStamp(path: scratch.path("missing")) }
  }
}

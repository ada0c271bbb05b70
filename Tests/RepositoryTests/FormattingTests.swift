import Foundation
import Testing

@Suite struct FormattingTests {
  @Test func theFormatterIsContent() throws {
    let complaints = try Formatting.complaints(about: ["Sources", "Tests"], configuration: ".swift-format")
    #expect(complaints.isEmpty, "\(complaints)")
  }

  @Test func theFormatterSeesABadFile() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "Fixture-\(UUID().uuidString).swift")
    try "public func undocumented( ) { }\n".write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    let complaints = try Formatting.complaints(about: [file.path], configuration: ".swift-format")
    #expect(complaints.contains("AllPublicDeclarationsHaveDocumentation"))
  }
}

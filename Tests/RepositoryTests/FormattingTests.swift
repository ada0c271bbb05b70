import Foundation
import Testing

@Suite struct FormattingTests {
  @Test func theFormatterIsContent() throws {
    let folders = ["Package.swift", "Sources", "Tests", "Examples/Sources", "Benchmarks/Benchmarks"]
    let complaints = try Formatting.complaints(about: folders, configuration: ".swift-format")
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

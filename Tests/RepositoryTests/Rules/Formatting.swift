import Foundation

/// The layout and documentation rules of `.swift-format`, checked by the toolchain's formatter.
enum Formatting {
  /// What the formatter says about `paths`; empty when it is content.
  static func complaints(about paths: [String], configuration: String) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["swift", "format", "lint", "--strict", "--parallel", "--configuration", configuration, "--recursive"] + paths
    process.currentDirectoryURL = Repository.root
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: said, as: UTF8.self)
    guard process.terminationStatus != 0 else { return text }
    return text.isEmpty ? "the formatter ended with status \(process.terminationStatus)" : text
  }
}

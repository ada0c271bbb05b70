import Foundation

/// Runs Spin on a model: writes the model's checker in C, compiles it, lets it explore every state.
struct ModelChecker {
  /// What an exploration found.
  struct Finding: Equatable {
    let errors: Int
    let states: Int
    /// Whether every state was reached, or the search ended early for want of depth or memory.
    let isComplete: Bool
    /// What went wrong, in the checker's words.
    let message: String
  }

  /// What a property needs of the exploration.
  enum Property {
    /// Assertions hold in every state.
    case safety
    /// The model's `ltl` formula holds on every run in which nothing that can go on is put off for ever.
    case liveness
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  static let model = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "docs/verification/publication.pml")

  /// Explores the model with `definitions`, each a `NAME` or `NAME=value`.
  static func explore(_ definitions: [String] = [], _ property: Property = .safety) throws -> Finding {
    let folder = FileManager.default.temporaryDirectory.appending(path: "ballast-model-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try run("spin", definitions.map { "-D\($0)" } + ["-a", model.path], in: folder)
    let flags =
      switch property {
      case .safety: ["-DSAFETY", "-DNOCLAIM", "-DNOFAIR"]
      case .liveness: ["-DNFAIR=3"]
      }
    _ = try run("gcc", ["-O1", "-w", "-DCOLLAPSE", "-DNOBOUNDCHECK"] + flags + ["-o", "pan", "pan.c"], in: folder)
    let report = try run("./pan", ["-m1000000", "-w22"] + (property == .liveness ? ["-a", "-f"] : []), in: folder)
    return try finding(report)
  }

  private static func finding(_ report: String) throws -> Finding {
    guard let errors = number(before: "", after: "errors: ", in: report),
      let states = number(before: " states, stored", after: "", in: report)
    else { throw Failure(description: "the checker did not say what it found:\n\(report)") }
    let message = report.split(separator: "\n").first { $0.hasPrefix("pan:1:") }.map(String.init) ?? ""
    let isComplete = !report.contains("Search not completed") && !report.contains("max search depth too small")
    return Finding(errors: errors, states: states, isComplete: isComplete, message: message)
  }

  private static func number(before: String, after: String, in report: String) -> Int? {
    for line in report.split(separator: "\n") {
      if !after.isEmpty, let range = line.range(of: after) {
        return Int(line[range.upperBound...].prefix { $0.isNumber })
      }
      if !before.isEmpty, let range = line.range(of: before) {
        return Int(line[..<range.lowerBound].drop { $0 == " " })
      }
    }
    return nil
  }

  private static func run(_ command: String, _ arguments: [String], in folder: URL) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [command] + arguments
    process.currentDirectoryURL = folder
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    if process.terminationStatus == 127 {
      throw Failure(description: "\(command) is not installed; `make setup` installs it (apt-get install spin gcc)")
    }
    guard process.terminationStatus == 0 else {
      throw Failure(description: "\(command) failed (\(process.terminationStatus)):\n\(text)")
    }
    return text
  }
}

import Foundation
import Testing

/// The built `ballast`, run as a process of its own.
struct BallastProcess {
  let status: Int32
  let isKilled: Bool
  let output: String
  let errors: String

  /// Runs `ballast`, or a copy of it elsewhere, in `scratch` and waits for it.
  init(
    _ arguments: [String], in scratch: Scratch, environment: [String: String] = [:], executable: String? = nil
  ) throws {
    let process = Process()
    process.executableURL = try executable.map { URL(fileURLWithPath: $0) } ?? Self.executable()
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: scratch.folder)
    let inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("BALLAST_") }
    process.environment = inherited.merging(environment) { $1 }
    // Files, not pipes: a pipe that nobody reads while the process runs would stop it.
    let files = try ["output", "errors"].map { try scratch.write("\(UUID().uuidString).\($0)", "") }
    let handles = try files.map { try FileHandle(forWritingTo: URL(fileURLWithPath: $0)) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handles[0]
    process.standardError = handles[1]
    try process.run()
    process.waitUntilExit()
    for handle in handles { try handle.close() }
    status = process.terminationStatus
    isKilled = process.terminationReason == .uncaughtSignal
    output = try String(contentsOfFile: files[0], encoding: .utf8)
    errors = try String(contentsOfFile: files[1], encoding: .utf8)
    for file in files { try FileManager.default.removeItem(atPath: file) }
  }

  /// The executable beside the test bundle.
  static func executable() throws -> URL {
    var starts = CommandLine.arguments.filter { $0.contains(".xctest") || $0.hasPrefix("/") }
    starts += [Bundle.main.executablePath, Bundle.main.bundlePath].compactMap { $0 }
    for start in starts {
      var folder = URL(fileURLWithPath: start).resolvingSymlinksInPath()
      while folder.path != "/" {
        folder.deleteLastPathComponent()
        let candidate = folder.appendingPathComponent("ballast")
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder), !isFolder.boolValue {
          return candidate
        }
      }
    }
    throw NotBuilt(looked: starts)
  }

  struct NotBuilt: Error {
    let looked: [String]
  }
}

/// Runs `ballast` and expects it to refuse an input: status 1, every fragment in its message, nothing on the output.
@discardableResult
func expectRefused(
  _ arguments: [String], in scratch: Scratch, naming fragments: [String], environment: [String: String] = [:],
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> String {
  try expectFailure(1, arguments, in: scratch, fragments, environment, sourceLocation)
}

/// Runs `ballast` and expects it not to understand the command line: status 2 and every fragment in its message.
@discardableResult
func expectUsageError(
  _ arguments: [String], in scratch: Scratch, naming fragments: [String],
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> String {
  try expectFailure(2, arguments, in: scratch, fragments, [:], sourceLocation)
}

/// Runs `ballast` and expects it to be done with its work; yields what it printed.
@discardableResult
func expectDone(
  _ arguments: [String], in scratch: Scratch, environment: [String: String] = [:],
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> String {
  let process = try BallastProcess(arguments, in: scratch, environment: environment)
  #expect(process.status == 0 && !process.isKilled, "\(arguments): \(process.errors)", sourceLocation: sourceLocation)
  return process.output
}

private func expectFailure(
  _ status: Int32, _ arguments: [String], in scratch: Scratch, _ fragments: [String], _ environment: [String: String],
  _ sourceLocation: SourceLocation
) throws -> String {
  let before = scratch.contents
  let process = try BallastProcess(arguments, in: scratch, environment: environment)
  #expect(!process.isKilled && process.status == status, "\(arguments): \(process)", sourceLocation: sourceLocation)
  #expect(process.output.isEmpty, "\(arguments)", sourceLocation: sourceLocation)
  for fragment in fragments {
    #expect(process.errors.contains(fragment), "\(arguments): \(process.errors)", sourceLocation: sourceLocation)
  }
  #expect(scratch.contents == before, "\(arguments) left files behind", sourceLocation: sourceLocation)
  return process.errors
}

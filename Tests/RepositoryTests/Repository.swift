import Foundation

/// The repository these tests belong to, found from where this file was compiled.
enum Repository {
  /// The folder that holds `Package.swift`.
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Swift files below `folder`, in the order of their paths.
  static func swiftFiles(in folder: String) throws -> [SourceFile] {
    try files(in: folder, extensions: ["swift"])
  }

  /// Files below `folder` with one of `extensions`; build folders and hidden ones are left out.
  static func files(in folder: String, extensions: Set<String>) throws -> [SourceFile] {
    let start = root.appending(path: folder)
    guard let walk = FileManager.default.enumerator(atPath: start.path) else { throw Missing(path: folder) }
    var paths: [String] = []
    while let entry = walk.nextObject() as? String {
      if entry.hasSuffix(".build") { walk.skipDescendants() }
      if extensions.contains(URL(filePath: entry).pathExtension) { paths.append("\(folder)/\(entry)") }
    }
    return try paths.sorted().map(file)
  }

  /// One file, by its path from the root.
  static func file(_ path: String) throws -> SourceFile {
    SourceFile(path: path, text: try String(contentsOf: root.appending(path: path), encoding: .utf8))
  }

  /// Whether something stands at `path`.
  static func contains(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: path).path)
  }

  struct Missing: Error {
    let path: String
  }
}

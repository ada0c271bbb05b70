import Foundation

/// A text that stands for one domain.
public struct DomainText: Hashable, Sendable {
  /// The domain: the file's name without `.txt`.
  public let name: String
  /// The text; its bytes are the tokens.
  public let bytes: [UInt8]

  /// Names a text.
  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  /// Every `*.txt` of a directory, by name.
  ///
  /// - Throws: `WorkloadError.unreadable`, `.noTexts`.
  public static func read(directory: String) throws(WorkloadError) -> [DomainText] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory)
    } catch {
      throw .unreadable(path: directory, reason: "not a directory that can be listed")
    }
    let files = names.filter { $0.hasSuffix(".txt") }.sorted()
    guard !files.isEmpty else { throw .noTexts(directory: directory) }
    var texts: [DomainText] = []
    for file in files {
      texts.append(DomainText(name: String(file.dropLast(4)), bytes: try bytes(of: directory + "/" + file)))
    }
    return texts
  }

  private static func bytes(of path: String) throws(WorkloadError) -> [UInt8] {
    do {
      return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw .unreadable(path: path, reason: "not a file that can be read")
    }
  }
}

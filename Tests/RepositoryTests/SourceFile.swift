import Foundation

/// One file of the repository, seen three ways: as it stands, as code alone, and as comments alone.
///
/// The three have the same lines, so a line number means the same in each.
struct SourceFile {
  /// From the root of the repository, with forward slashes.
  let path: String
  /// Everything.
  let lines: [String]
  /// Comments and the contents of string literals blanked.
  let code: [String]
  /// All but comments blanked.
  let comments: [String]

  init(path: String, text: String) {
    self.path = path
    let masked = MaskedText(text)
    lines = Self.lines(of: text)
    code = Self.lines(of: masked.code)
    comments = Self.lines(of: masked.comments)
  }

  /// The file's name without its extension.
  var name: String {
    let file = path.split(separator: "/").last ?? ""
    return String(file.prefix { $0 != "." })
  }

  /// The target it belongs to: the folder below `Sources` or `Tests`.
  var module: String {
    let parts = path.split(separator: "/")
    return parts.count > 2 ? String(parts[1]) : ""
  }

  private static func lines(of text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    return lines
  }
}

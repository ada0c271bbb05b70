/// A type declared in a file.
struct Declaration {
  /// The name without generic parameters.
  let name: String
  /// On which line, counted from 0.
  let line: Int
  /// Whether it stands outside every other type and function.
  let isTopLevel: Bool
  /// Whether other modules or other targets of the package may use it.
  let isPublic: Bool

  /// The types `file` declares, in order.
  static func all(in file: SourceFile) -> [Declaration] {
    var found: [Declaration] = []
    var depth = 0
    for (index, line) in file.code.enumerated() {
      let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "@" && $0 != "." }.map(String.init)
      if let keyword = words.firstIndex(where: kinds.contains), keyword + 1 < words.count,
        words[..<keyword].allSatisfy(isModifier), words[keyword + 1].first?.isUppercase == true
      {
        found.append(
          Declaration(
            name: words[keyword + 1], line: index, isTopLevel: depth == 0,
            isPublic: words[..<keyword].contains { $0 == "public" || $0 == "package" || $0 == "open" }))
      }
      for character in line {
        if character == "{" { depth += 1 }
        if character == "}" { depth -= 1 }
      }
    }
    return found
  }

  private static let kinds: Set<String> = ["struct", "class", "enum", "protocol", "actor", "typealias"]
  private static let modifiers: Set<String> = [
    "public", "package", "open", "internal", "fileprivate", "private", "final", "indirect", "nonisolated",
  ]

  private static func isModifier(_ word: String) -> Bool { word.hasPrefix("@") || modifiers.contains(word) }
}

/// Words that say nothing about a thing and may not be part of a type's or a file's name.
enum Names {
  static let banned: Set<String> = [
    "Manager", "Helper", "Util", "Utils", "Utility", "Handler", "Impl", "Base", "Info", "Data", "Meta", "Metadata",
    "Context", "Wrapper", "Processor", "Engine",
  ]

  static func violations(in file: SourceFile) -> [Violation] {
    let names = [(file.name, 0)] + Declaration.all(in: file).map { ($0.name, $0.line) }
    return names.flatMap { name, line in
      words(of: name).filter(banned.contains).map { file.violation(line, "\(name) is named with \($0)") }
    }
  }

  /// `LoadInfo` → Load, Info. A run of capitals stays with the word it begins.
  static func words(of name: String) -> [String] {
    var words: [String] = []
    for character in name where character.isLetter {
      let startsWord = character.isUppercase && words.last?.last?.isUppercase != true
      if words.isEmpty || startsWord { words.append(String(character)) } else { words[words.count - 1].append(character) }
    }
    return words
  }
}

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

  /// `LoadInfo` → Load, Info; `URLHandler` → URL, Handler.
  static func words(of name: String) -> [String] {
    var words: [String] = []
    var previous: Character?
    let letters = Array(name.filter(\.isLetter))
    for (index, letter) in letters.enumerated() {
      let next = index + 1 < letters.count ? letters[index + 1] : nil
      let startsWord = letter.isUppercase && (previous?.isUppercase != true || next?.isLowercase == true)
      if words.isEmpty || startsWord { words.append("") }
      words[words.count - 1].append(letter)
      previous = letter
    }
    return words
  }
}

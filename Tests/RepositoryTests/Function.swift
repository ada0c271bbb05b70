/// A function, initializer, deinitializer or subscript with a body, found by matching braces in code.
struct Function {
  /// Lines from the declaration to the closing brace, counted from 0.
  let lines: ClosedRange<Int>
  /// What stands between the braces.
  let body: String

  /// Every function of `file`, nested ones included.
  static func all(in file: SourceFile) -> [Function] {
    var scanner = FunctionScanner(Array(file.code.joined(separator: "\n").utf8))
    return scanner.run()
  }
}

/// Finds declarations by their keywords, then the braces of their bodies.
private struct FunctionScanner {
  private let bytes: [UInt8]
  private let lineOf: [Int]
  private var found: [Function] = []

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var line = 0
    lineOf = bytes.map { byte in
      defer { if byte == UInt8(ascii: "\n") { line += 1 } }
      return line
    }
  }

  mutating func run() -> [Function] {
    for word in words() where Self.keywords.contains(word.text) && !word.isMember {
      guard let open = bodyStart(after: word.range.upperBound), let close = matchingBrace(open) else { continue }
      let body = String(decoding: bytes[(open + 1)..<close], as: UTF8.self)
      found.append(Function(lines: lineOf[word.range.lowerBound]...lineOf[close], body: body))
    }
    return found
  }

  private static let keywords: Set<String> = ["func", "init", "deinit", "subscript"]
  /// At the depth of the declaration these begin another one, so the first had no body.
  private static let declarations: Set<String> = [
    "func", "init", "deinit", "subscript", "var", "let", "case", "struct", "class", "enum", "protocol", "extension",
    "associatedtype", "typealias", "mutating", "static",
  ]

  private struct Word {
    let text: String
    let range: Range<Int>
    /// Follows a dot, as in `.init(…)`.
    let isMember: Bool
  }

  private func words() -> [Word] {
    var words: [Word] = []
    var at = 0
    while at < bytes.count {
      if let word = word(at: at) {
        words.append(word)
        at = word.range.upperBound
      } else {
        at += 1
      }
    }
    return words
  }

  private func word(at start: Int) -> Word? {
    var end = start
    while end < bytes.count, Self.isWordByte(bytes[end]) { end += 1 }
    guard end > start else { return nil }
    let before = start > 0 ? bytes[start - 1] : UInt8(ascii: " ")
    return Word(
      text: String(decoding: bytes[start..<end], as: UTF8.self), range: start..<end,
      isMember: before == UInt8(ascii: ".") || before == UInt8(ascii: "`"))
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
      true
    default: false
    }
  }

  private func bodyStart(after start: Int) -> Int? {
    var at = start
    var depth = 0
    while at < bytes.count {
      if let word = word(at: at) {
        if depth == 0, !word.isMember, Self.declarations.contains(word.text) { return nil }
        at = word.range.upperBound
        continue
      }
      switch bytes[at] {
      case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "{") where depth == 0: return at
      case UInt8(ascii: "}") where depth == 0: return nil
      default: break
      }
      if depth < 0 { return nil }
      at += 1
    }
    return nil
  }

  private func matchingBrace(_ open: Int) -> Int? {
    var depth = 0
    for at in open..<bytes.count {
      if bytes[at] == UInt8(ascii: "{") { depth += 1 }
      if bytes[at] == UInt8(ascii: "}") { depth -= 1 }
      if depth == 0 { return at }
    }
    return nil
  }
}

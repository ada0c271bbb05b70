import Yams

/// The keys and values of a YAML or JSON text, each with its line; types and names are not judged yet.
struct ConfigurationTree {
  /// One value as written.
  struct Entry {
    let key: String
    let origin: ConfigurationOrigin
    /// The text of the value; nil when it is a list, a section or nothing.
    let text: String?
    /// Whether the value stood in quotes, so that it is a word and no number.
    let isQuoted: Bool
  }

  /// Values in the order of the text, keys as dotted paths.
  private(set) var entries: [Entry] = []
  private let file: String

  /// Reads a text whose sections are one level deep.
  ///
  /// - Throws: `ConfigurationError`: `syntax`, `aliasUsed`, `notKeys`, `duplicateKey`.
  init(_ text: String, file: String, sections: Set<String>) throws(ConfigurationError) {
    self.file = file
    // A few aliases of aliases expand to a text of any size, and the parser compares what it expanded: none may reach
    // it. An alias needs an anchor, so a text with marks of one kind only, perhaps in comments, is harmless.
    guard !Self.names("&", in: text) || !Self.names("*", in: text) else {
      throw .aliasUsed(origin: .file(file, line: 1))
    }
    // Nodes know their anchors only as long as the parser lives.
    let (parser, root) = try Self.parse(text, file: file)
    defer { withExtendedLifetime(parser) {} }
    if let root { try collect(root, sections: sections) }
  }

  private mutating func collect(_ root: Node, sections: Set<String>) throws(ConfigurationError) {
    for (key, value) in try pairs(root, path: "") {
      let parts = key.text.split(separator: ".", maxSplits: 1)
      if parts.count == 2 {
        throw .unknownKey(
          origin: .file(file, line: key.line), key: key.text, suggestion: "\(parts[1]) in a section \(parts[0])")
      }
      guard sections.contains(key.text) else {
        entries.append(try entry(key.text, at: key.line, value))
        continue
      }
      for (inner, value) in try pairs(value, path: key.text) {
        entries.append(try entry("\(key.text).\(inner.text)", at: inner.line, value))
      }
    }
  }

  /// Whether `mark` stands anywhere as it does before the name of an anchor or alias: not after a letter, before one.
  private static func names(_ mark: Unicode.Scalar, in text: String) -> Bool {
    var previous: UInt8 = 0
    var isMarked = false
    for byte in text.utf8 {
      if isMarked, byte > 0x20 { return true }
      isMarked = byte == UInt8(ascii: mark) && !Character(UnicodeScalar(previous)).isLetter
      previous = byte
    }
    return false
  }

  private static func parse(_ text: String, file: String) throws(ConfigurationError) -> (Parser, Node?) {
    let isMarked = text.unicodeScalars.first == "\u{FEFF}"
    do {
      let parser = try Parser(yaml: isMarked ? String(text.unicodeScalars.dropFirst()) : text, encoding: .utf8)
      return (parser, try parser.singleRoot())
    } catch YamlError.duplicatedKeysInMapping(let keys, let place) {
      throw .duplicateKey(origin: .file(file, line: place.mark.line), key: keys.first ?? "")
    } catch YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
      YamlError.composer(_, let problem, let mark, _)
    {
      let isDeep = problem.hasPrefix("Maximum nesting")
      throw .syntax(origin: .file(file, line: mark.line), problem: isDeep ? "nested too deeply" : problem)
    } catch {
      throw .syntax(origin: .file(file, line: 1), problem: "this is neither YAML nor JSON")
    }
  }

  private func pairs(
    _ node: Node, path: String
  ) throws(ConfigurationError) -> [(key: (text: String, line: Int), value: Node)] {
    let origin = ConfigurationOrigin.file(file, line: node.mark?.line ?? 1)
    guard node.anchor == nil else { throw .aliasUsed(origin: origin) }
    // A section whose keys are all commented out is written as nothing.
    if !path.isEmpty, case .scalar(let scalar) = node, scalar.style == .plain, scalar.string.isEmpty { return [] }
    guard case .mapping(let mapping) = node else { throw .notKeys(origin: origin, key: path) }
    var pairs: [(key: (text: String, line: Int), value: Node)] = []
    for (key, value) in mapping {
      let line = key.mark?.line ?? 1
      guard key.anchor == nil else { throw .aliasUsed(origin: .file(file, line: line)) }
      guard case .scalar(let scalar) = key else { throw .notKeys(origin: .file(file, line: line), key: path) }
      pairs.append(((scalar.string, line), value))
    }
    return pairs
  }

  private func entry(_ key: String, at line: Int, _ value: Node) throws(ConfigurationError) -> Entry {
    let origin = ConfigurationOrigin.file(file, line: line)
    guard value.anchor == nil else { throw .aliasUsed(origin: origin) }
    guard case .scalar(let scalar) = value else { return Entry(key: key, origin: origin, text: nil, isQuoted: false) }
    let isQuoted = scalar.style != .plain && scalar.style != .any
    let isNothing = !isQuoted && ["", "~", "null"].contains(scalar.string)
    return Entry(key: key, origin: origin, text: isNothing ? nil : scalar.string, isQuoted: isQuoted)
  }
}

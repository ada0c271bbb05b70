/// Reads a JSON text strictly: no name twice in an object, nothing after the value, bounded nesting.
///
/// Checkpoint headers come from outside; a reader that kept one of two equal names would let a file mean two things.
struct JSONReader {
  private static let deepestNesting = 32

  private let file: String
  private let bytes: [UInt8]
  private var position = 0

  private init(_ bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  /// The one value in `bytes`.
  ///
  /// - Throws: `CheckpointError.notJSON`, `.duplicate`.
  static func read(_ bytes: [UInt8], file: String) throws(CheckpointError) -> JSONValue {
    var reader = JSONReader(bytes, file: file)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.position == bytes.count else { throw reader.fault("unexpected text after the value") }
    return value
  }

  private func fault(_ reason: String) -> CheckpointError {
    .notJSON(file: file, byte: position, reason: reason)
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || (0x09...0x0A).contains(byte) || byte == 0x0D { position += 1 }
  }

  private mutating func take(_ expected: Character) -> Bool {
    guard let byte = expected.asciiValue, current == byte else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(CheckpointError) -> JSONValue {
    guard depth < Self.deepestNesting else { throw fault("nested deeper than \(Self.deepestNesting)") }
    skipSpace()
    if take("{") { return try object(depth: depth) }
    if take("[") { return try array(depth: depth) }
    if take("\"") { return .string(try string()) }
    if take(word: "true") { return .boolean(true) }
    if take(word: "false") { return .boolean(false) }
    if take(word: "null") { return .null }
    return .number(try number())
  }

  private mutating func take(word: String) -> Bool {
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  private mutating func object(depth: Int) throws(CheckpointError) -> JSONValue {
    var fields: [String: JSONValue] = [:]
    skipSpace()
    if take("}") { return .object(fields) }
    repeat {
      skipSpace()
      guard take("\"") else { throw fault("expected a name in quotes") }
      let name = try string()
      skipSpace()
      guard take(":") else { throw fault("expected a colon") }
      guard fields.updateValue(try value(depth: depth + 1), forKey: name) == nil else {
        throw .duplicate(file: file, name: name)
      }
      skipSpace()
    } while take(",")
    guard take("}") else { throw fault("expected a comma or a closing brace") }
    return .object(fields)
  }

  private mutating func array(depth: Int) throws(CheckpointError) -> JSONValue {
    var elements: [JSONValue] = []
    skipSpace()
    if take("]") { return .array(elements) }
    repeat {
      elements.append(try value(depth: depth + 1))
      skipSpace()
    } while take(",")
    guard take("]") else { throw fault("expected a comma or a closing bracket") }
    return .array(elements)
  }

  private mutating func number() throws(CheckpointError) -> String {
    let start = position
    _ = take("-")
    if !take("0"), !takeDigits() { throw fault("expected a value") }
    if take("."), !takeDigits() { throw fault("expected digits after the point") }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      guard takeDigits() else { throw fault("expected digits in the exponent") }
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func takeDigits() -> Bool {
    let start = position
    while let byte = current, (0x30...0x39).contains(byte) { position += 1 }
    return position > start
  }

  private mutating func string() throws(CheckpointError) -> String {
    var text: [UInt8] = []
    while let byte = current, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw fault("a control character in a string") }
      position += 1
      if byte == UInt8(ascii: "\\") {
        text.append(contentsOf: try escape())
      } else {
        text.append(byte)
      }
    }
    guard take("\"") else { throw fault("the text ends inside a string") }
    guard let valid = String(validating: text, as: UTF8.self) else { throw fault("a string is not UTF-8") }
    return valid
  }

  /// The UTF-8 of the escape whose backslash was just read.
  private mutating func escape() throws(CheckpointError) -> [UInt8] {
    let plain: [(Character, UInt8)] = [
      ("\"", 0x22), ("\\", 0x5C), ("/", 0x2F), ("b", 0x08), ("f", 0x0C), ("n", 0x0A), ("r", 0x0D), ("t", 0x09),
    ]
    for (letter, byte) in plain where take(letter) { return [byte] }
    guard take("u") else { throw fault("unknown escape") }
    var units = [try codeUnit()]
    if UTF16.isLeadSurrogate(units[0]), take(word: "\\u") { units.append(try codeUnit()) }
    guard let text = String(validating: units, as: UTF16.self) else { throw fault("half of a surrogate pair") }
    return Array(text.utf8)
  }

  private mutating func codeUnit() throws(CheckpointError) -> UInt16 {
    let end = position + 4
    guard end <= bytes.count, bytes[position..<end].allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
      let unit = UInt16(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
    else { throw fault("expected four hexadecimal digits") }
    position = end
    return unit
  }
}

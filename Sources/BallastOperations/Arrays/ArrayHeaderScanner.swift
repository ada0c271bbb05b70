/// Reads the dictionary of an array header: three known keys with a text, a truth value and a tuple of sizes.
///
/// The header is a Python literal; nothing but this one shape is understood, so nothing else can be smuggled in.
struct ArrayHeaderScanner {
  struct Fields {
    var descriptor: String
    var isColumnMajor: Bool
    var shape: [Int]
  }

  private let bytes: ArraySlice<UInt8>
  private let file: String
  private var position: Int

  init(bytes: ArraySlice<UInt8>, file: String) {
    self.bytes = bytes
    self.file = file
    position = bytes.startIndex
  }

  mutating func fields() throws(ArrayError) -> Fields {
    var descriptor: String?
    var isColumnMajor: Bool?
    var shape: [Int]?
    try expect("{")
    while !skip("}") {
      let start = position
      let key = try text()
      try expect(":")
      switch key {
      case "descr" where descriptor == nil: descriptor = try text()
      case "fortran_order" where isColumnMajor == nil: isColumnMajor = try truth()
      case "shape" where shape == nil: shape = try tuple()
      default: throw failure("'descr', 'fortran_order' and 'shape', each once", at: start)
      }
      guard skip(",") else {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard position == bytes.endIndex else { throw failure("the end of the header") }
    guard let descriptor, let isColumnMajor, let shape else {
      throw failure("'descr', 'fortran_order' and 'shape', each once")
    }
    return Fields(descriptor: descriptor, isColumnMajor: isColumnMajor, shape: shape)
  }

  private mutating func text() throws(ArrayError) -> String {
    let quote: Character = skip("\"") ? "\"" : "'"
    if quote == "'" { try expect("'") }
    let end = bytes[position...].firstIndex { $0 == quote.asciiValue || $0 < 0x20 || $0 > 0x7E || $0 == 0x5C }
    guard let end, bytes[end] == quote.asciiValue else { throw failure("plain text between quotes") }
    defer { position = end + 1 }
    return String(decoding: bytes[position..<end], as: UTF8.self)
  }

  private mutating func truth() throws(ArrayError) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)] where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw failure("True or False")
  }

  private mutating func tuple() throws(ArrayError) -> [Int] {
    var numbers: [Int] = []
    try expect("(")
    while !skip(")") {
      numbers.append(try number())
      guard skip(",") else {
        try expect(")")
        guard numbers.count > 1 else { throw failure("a comma after the only size") }
        break
      }
    }
    return numbers
  }

  private mutating func number() throws(ArrayError) -> Int {
    skipSpace()
    let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }
    guard !digits.isEmpty, let value = Int(String(decoding: digits, as: UTF8.self)) else {
      throw failure("a size from 0 to \(Int.max)")
    }
    position = digits.endIndex
    return value
  }

  private mutating func expect(_ character: Character) throws(ArrayError) {
    guard skip(character) else { throw failure("'\(character)'") }
  }

  private mutating func skip(_ character: Character) -> Bool {
    skipSpace()
    guard position < bytes.endIndex, bytes[position] == character.asciiValue else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  private func failure(_ expected: String, at byte: Int? = nil) -> ArrayError {
    .malformedHeader(file: file, byte: byte ?? position, expected: expected)
  }
}

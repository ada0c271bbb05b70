/// A Swift (or C) text split into code and comments; what is not of a kind is blanked, line breaks stay.
///
/// Knows nested block comments, multi-line and raw strings, and interpolations, whose contents are blanked with
/// the string around them.
struct MaskedText {
  private(set) var code: String
  private(set) var comments: String

  init(_ text: String) {
    var scanner = Scanner(Array(text.utf8))
    scanner.run()
    code = String(decoding: scanner.code, as: UTF8.self)
    comments = String(decoding: scanner.comments, as: UTF8.self)
  }
}

/// Walks the text once, copying each byte to the side it belongs to.
private struct Scanner {
  let bytes: [UInt8]
  var code: [UInt8]
  var comments: [UInt8]
  var at = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    code = bytes.map { $0 == newline ? newline : blank }
    comments = code
  }

  mutating func run() {
    while at < bytes.count {
      if starts(with: slash, slash) {
        skipLineComment()
      } else if starts(with: slash, star) {
        skipBlockComment()
      } else if let hashes = stringOpening {
        skipString(hashes)
      } else {
        code[at] = bytes[at]
        at += 1
      }
    }
  }

  private func starts(with first: UInt8, _ second: UInt8) -> Bool {
    at + 1 < bytes.count && bytes[at] == first && bytes[at + 1] == second
  }

  private mutating func takeComment(_ count: Int) {
    for _ in 0..<count where at < bytes.count {
      comments[at] = bytes[at]
      at += 1
    }
  }

  private mutating func skipLineComment() {
    while at < bytes.count, bytes[at] != newline { takeComment(1) }
  }

  private mutating func skipBlockComment() {
    var depth = 0
    repeat {
      if starts(with: slash, star) {
        depth += 1
        takeComment(2)
      } else if starts(with: star, slash) {
        depth -= 1
        takeComment(2)
      } else {
        takeComment(1)
      }
    } while depth > 0 && at < bytes.count
  }

  /// How many `#` open the string literal that starts here; nil when none starts here.
  private var stringOpening: Int? {
    var position = at
    while position < bytes.count, bytes[position] == hash { position += 1 }
    return position < bytes.count && bytes[position] == quote ? position - at : nil
  }

  private mutating func skipString(_ hashes: Int) {
    at += hashes
    let quotes = matches([quote, quote, quote]) ? 3 : 1
    at += quotes
    let end = Array(repeating: quote, count: quotes) + Array(repeating: hash, count: hashes)
    let escape = [backslash] + Array(repeating: hash, count: hashes)
    while at < bytes.count {
      if matches(end) {
        at += end.count
        return
      }
      if quotes == 1, bytes[at] == newline { return }
      if matches(escape) {
        at += escape.count
        if at < bytes.count, bytes[at] == open { skipInterpolation() } else { at += 1 }
      } else {
        at += 1
      }
    }
  }

  private mutating func skipInterpolation() {
    var depth = 0
    repeat {
      if let hashes = stringOpening {
        skipString(hashes)
        continue
      }
      if bytes[at] == open { depth += 1 }
      if bytes[at] == close { depth -= 1 }
      at += 1
    } while depth > 0 && at < bytes.count
  }

  private func matches(_ wanted: [UInt8]) -> Bool {
    at + wanted.count <= bytes.count && bytes[at..<at + wanted.count].elementsEqual(wanted)
  }
}

private let newline = UInt8(ascii: "\n")
private let blank = UInt8(ascii: " ")
private let slash = UInt8(ascii: "/")
private let star = UInt8(ascii: "*")
private let quote = UInt8(ascii: "\"")
private let hash = UInt8(ascii: "#")
private let backslash = UInt8(ascii: "\\")
private let open = UInt8(ascii: "(")
private let close = UInt8(ascii: ")")

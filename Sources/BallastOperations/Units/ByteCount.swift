/// An amount of memory, as people write it.
public struct ByteCount: Hashable, Sendable, CustomStringConvertible {
  /// The amount, at least 1.
  public let bytes: Int

  /// An amount of `bytes`.
  public init(bytes: Int) { self.bytes = bytes }

  /// Reads whole bytes (`12345`) or a decimal number with a unit (`512MiB`, `1.5 GB`); case does not matter.
  ///
  /// - Throws: `UnitError`, except `shareOutOfRange`.
  public init(parsing text: String) throws(UnitError) {
    let trimmed = text.filter { $0 != " " }
    let digits = trimmed.prefix { $0.isASCII && ($0.isWholeNumber || $0 == ".") }
    let unit = String(trimmed.dropFirst(digits.count))
    guard let number = Double(digits), digits.first != ".", digits.last != "." else { throw .notANumber(text: text) }
    guard !unit.isEmpty else {
      guard !digits.contains(".") else { throw .fractionWithoutUnit(text: text) }
      guard let bytes = Int(digits), bytes >= 1 else { throw .bytesOutOfRange(text: text) }
      self.bytes = bytes
      return
    }
    guard let factor = Self.units.first(where: { $0.name.lowercased() == unit.lowercased() })?.bytes else {
      throw .unknownUnit(text: text, unit: unit)
    }
    guard let bytes = Int(exactly: (number * Double(factor)).rounded(.down)), bytes >= 1 else {
      throw .bytesOutOfRange(text: text)
    }
    self.bytes = bytes
  }

  /// The amount in the largest binary unit it reaches, to one decimal, such as `1.5 GiB`.
  public var description: String {
    guard let unit = Self.units.last(where: { $0.name.contains("i") && $0.bytes <= bytes }) else { return "\(bytes) B" }
    let tenths = Int((Double(bytes) / Double(unit.bytes) * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) \(unit.name)"
  }

  static let unitNames = units.map(\.name).joined(separator: ", ")

  private static let units: [(name: String, bytes: Int)] = [
    ("B", 1), ("kB", 1000), ("KiB", 1 << 10), ("MB", 1_000_000), ("MiB", 1 << 20), ("GB", 1_000_000_000),
    ("GiB", 1 << 30), ("TB", 1_000_000_000_000), ("TiB", 1 << 40),
  ]
}

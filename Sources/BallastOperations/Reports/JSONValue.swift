/// A JSON document made in code: fields keep their order, and what JSON cannot say (NaN, infinity) is null.
public indirect enum JSONValue: Equatable, Sendable {
  /// Nothing, or a number that is none.
  case null
  /// A truth value.
  case boolean(Bool)
  /// A whole number.
  case integer(Int)
  /// A number; null when it is not finite.
  case number(Double)
  /// A text.
  case string(String)
  /// Values in order.
  case array([JSONValue])
  /// Named values in order.
  case object([Field])

  /// One named value of an object.
  public struct Field: Equatable, Sendable {
    /// The name.
    public var name: String
    /// The value.
    public var value: JSONValue

    /// Names a value.
    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// Whole numbers in order.
  public static func integers(_ values: [Int]) -> JSONValue { .array(values.map(JSONValue.integer)) }

  /// Numbers in order, null where one is not finite.
  public static func numbers(_ values: [Double]) -> JSONValue { .array(values.map(JSONValue.number)) }

  /// The number, or null.
  public static func number(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }

  /// Texts in order.
  public static func strings(_ values: [String]) -> JSONValue { .array(values.map(JSONValue.string)) }

  /// The document as indented text with a line end; the same value always gives the same bytes.
  public var text: String { lines(indent: "") + "\n" }

  // What fits on a line stays on it; a list of plain values always does.
  private func lines(indent: String) -> String {
    let inner = indent + "  "
    switch self {
    case .array(let values) where values.contains { $0.isCompound }:
      let flat = compact
      guard flat.utf8.count > 100 else { return flat }
      return "[\n" + values.map { inner + $0.lines(indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
    case .object(let fields) where !fields.isEmpty:
      let flat = compact
      guard flat.utf8.count > 100 || indent.isEmpty else { return flat }
      let rows = fields.map { "\(inner)\(Self.quoted($0.name)): \($0.value.lines(indent: inner))" }
      return "{\n" + rows.joined(separator: ",\n") + "\n\(indent)}"
    default: return compact
    }
  }

  private var isCompound: Bool {
    switch self {
    case .array, .object: true
    default: false
    }
  }

  private var compact: String {
    switch self {
    case .null: "null"
    case .boolean(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): value.isFinite ? "\(value)" : "null"
    case .string(let value): Self.quoted(value)
    case .array(let values): "[" + values.map(\.compact).joined(separator: ", ") + "]"
    case .object(let fields):
      "{" + fields.map { "\(Self.quoted($0.name)): \($0.value.compact)" }.joined(separator: ", ") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
  /// Named values, in the order written.
  public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(elements.map(Field.init)) }

  /// Values, in the order written.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

  /// A text.
  public init(stringLiteral value: String) { self = .string(value) }

  /// A whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }

  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }

  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .boolean(value) }

  /// Null.
  public init(nilLiteral: ()) { self = .null }
}

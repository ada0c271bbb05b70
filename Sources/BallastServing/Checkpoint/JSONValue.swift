/// A value of a JSON text; numbers keep their spelling until someone says what they must be.
indirect enum JSONValue: Equatable {
  case object([String: JSONValue])
  case array([JSONValue])
  case string(String)
  case number(String)
  case boolean(Bool)
  case null

  /// The value as a message shows it.
  var spelling: String {
    switch self {
    case .object: "an object"
    case .array: "an array"
    case .string(let text): "\"\(text)\""
    case .number(let text): text
    case .boolean(let value): String(value)
    case .null: "null"
    }
  }
}

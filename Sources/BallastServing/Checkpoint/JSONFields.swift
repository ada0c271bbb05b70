/// The fields of one JSON object, read by name, type and range.
struct JSONFields {
  let file: String
  /// What stands before a field's name in a message, such as `tensor.`.
  let prefix: String
  let values: [String: JSONValue]

  /// - Throws: `CheckpointError.wrongType` when `value` is not an object.
  init(_ value: JSONValue, file: String, name: String = "") throws(CheckpointError) {
    guard case .object(let values) = value else {
      throw .wrongType(file: file, field: name.isEmpty ? "the text" : name, expected: "an object")
    }
    self.file = file
    self.values = values
    prefix = name.isEmpty ? "" : name + "."
  }

  /// The field's value; nil when it is absent or null.
  func optional(_ name: String) -> JSONValue? {
    switch values[name] {
    case .some(.null), .none: nil
    case .some(let value): value
    }
  }

  /// - Throws: `CheckpointError.missing`.
  func required(_ name: String) throws(CheckpointError) -> JSONValue {
    guard let value = optional(name) else { throw .missing(file: file, field: prefix + name) }
    return value
  }

  /// - Throws: `CheckpointError.missing`, `.wrongType`, `.outOfRange`.
  func integer(_ name: String, in allowed: ClosedRange<Int>) throws(CheckpointError) -> Int {
    try integer(try required(name), name, in: allowed)
  }

  /// - Throws: `CheckpointError.missing`, `.wrongType`, `.outOfRange`.
  func integers(_ name: String, in allowed: ClosedRange<Int>) throws(CheckpointError) -> [Int] {
    guard case .array(let elements) = try required(name) else {
      throw .wrongType(file: file, field: prefix + name, expected: "an array of integers")
    }
    var integers: [Int] = []
    for element in elements { integers.append(try integer(element, name, in: allowed)) }
    return integers
  }

  /// - Throws: `CheckpointError.missing`, `.wrongType`, `.outOfRange`.
  func number(_ name: String, in allowed: ClosedRange<Double>) throws(CheckpointError) -> Double {
    guard case .number(let text) = try required(name), let value = Double(text) else {
      throw .wrongType(file: file, field: prefix + name, expected: "a number")
    }
    guard allowed.contains(value) else {
      throw .outOfRange(
        file: file, field: prefix + name, value: text, allowed: "\(allowed.lowerBound) to \(allowed.upperBound)")
    }
    return value
  }

  /// - Throws: `CheckpointError.missing`, `.wrongType`.
  func string(_ name: String) throws(CheckpointError) -> String {
    guard case .string(let text) = try required(name) else {
      throw .wrongType(file: file, field: prefix + name, expected: "a string")
    }
    return text
  }

  private func integer(
    _ value: JSONValue, _ name: String, in allowed: ClosedRange<Int>
  ) throws(CheckpointError) -> Int {
    guard case .number(let text) = value, text.allSatisfy({ $0.isNumber || $0 == "-" }) else {
      throw .wrongType(file: file, field: prefix + name, expected: "an integer")
    }
    guard let integer = Int(text), allowed.contains(integer) else {
      throw .outOfRange(
        file: file, field: prefix + name, value: text, allowed: "\(allowed.lowerBound) to \(allowed.upperBound)")
    }
    return integer
  }
}

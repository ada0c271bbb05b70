import Foundation

/// Values as JSON, the same text every time: keys sorted, indented.
public enum JSONText {
  /// The text of `value`, with a line end.
  public static func text(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    guard let bytes = try? encoder.encode(value) else { return "null\n" }
    return String(decoding: bytes, as: UTF8.self) + "\n"
  }
}

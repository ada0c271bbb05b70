/// What `ballast bench --json` writes: an object with one member a benchmark.
public struct BenchDocument: Encodable, Sendable {
  private let rows: [BenchRow]
  private let pause: PauseFigures?

  /// Joins rows of different names with the figures of `pause`, if it was run.
  public init(_ rows: [BenchRow], pause: PauseFigures? = nil) {
    self.rows = rows
    self.pause = pause
  }

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Writes each row under its name, and `pause` under its own.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Name.self)
    for row in rows { try object.encode(row.figure, forKey: Name(stringValue: row.name)) }
    try object.encodeIfPresent(pause, forKey: Name(stringValue: "pause"))
  }
}

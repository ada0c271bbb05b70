/// One benchmark that was run: its name, its figures, and how far to trust them.
public struct BenchRow: Hashable, Sendable {
  /// The name in tables and JSON.
  public let name: String
  /// Its figures.
  public let figure: BenchFigure
  /// Half the distance between the quartiles, as a share of the median.
  public let spread: Double
  /// Samples the figures are of.
  public let samples: Int
  /// Samples taken before those.
  public let warmUpSamples: Int
  /// Whether the time was steady before the samples that count.
  public let isSteady: Bool

  /// Joins what was measured with its floor, both in `unit`.
  ///
  /// `scale` turns the measured nanoseconds of one operation into `unit`.
  public init(
    _ name: String, _ outcome: RepeatedMeasurement.Outcome, unit: String, floor: Double, scale: Double = 1
  ) {
    self.name = name
    figure = BenchFigure(
      median: outcome.nanoseconds.median * scale, p99: outcome.nanoseconds.p99 * scale, unit: unit, floor: floor)
    spread = outcome.nanoseconds.spread
    samples = outcome.nanoseconds.count
    warmUpSamples = outcome.warmUpSamples
    isSteady = outcome.isSteady
  }

  /// Many rows as one table.
  public static func table(_ rows: [BenchRow]) -> ReportTable {
    ReportTable(
      columns: ["name", "unit", "floor", "median", "p99", "ratio", "spread", "samples", "steady"],
      rows: rows.map { row in
        [
          row.name, row.figure.unit, short(row.figure.floor), short(row.figure.median), short(row.figure.p99),
          fixed(row.figure.ratio, 2), "±" + fixed(row.spread * 100, 1) + " %", "\(row.samples)",
          row.isSteady ? "after \(row.warmUpSamples)" : "no, in \(row.warmUpSamples)",
        ]
      })
  }

  private static func short(_ value: Double) -> String { fixed(value, value < 10 ? 3 : value < 1000 ? 1 : 0) }
}

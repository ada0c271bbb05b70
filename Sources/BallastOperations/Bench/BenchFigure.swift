/// One benchmark's figures, as `ballast bench --json` writes them.
public struct BenchFigure: Hashable, Codable, Sendable {
  /// The middle sample, in `unit`.
  public let median: Double
  /// What 99 in 100 samples do not exceed, in `unit`.
  public let p99: Double
  /// What is counted, such as `ns/assignment`.
  public let unit: String
  /// What this machine cannot go below, in `unit`, measured in the same run.
  public let floor: Double
  /// `median` over `floor`.
  public let ratio: Double

  /// Compares a measurement with its floor, which is above 0.
  public init(median: Double, p99: Double, unit: String, floor: Double) {
    self.median = median
    self.p99 = p99
    self.unit = unit
    self.floor = floor
    ratio = median / floor
  }
}

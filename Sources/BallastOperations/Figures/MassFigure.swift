import BallastGating
import BallastRuntime

/// How the controller of top-p's mass answers: to targets that step, one that cannot be met, and harder tokens.
///
/// 32 experts, at most 12 of them for a token, 256 tokens an update; the rows are seeded.
public struct MassFigure: Hashable, Codable, Sendable {
  /// What happened in one update.
  public struct Point: Hashable, Codable, Sendable {
    /// Mean experts a token that were asked for.
    public let target: Double
    /// Mean experts a token that were chosen.
    public let meanExperts: Double
    /// The mass they were chosen by.
    public let mass: Double
  }

  /// A stretch of updates under one target.
  struct Stretch {
    let name: String
    let updates: Int
    let target: Double
    let sharpness: ClosedRange<Double>
  }

  private static let usual = 0.5...3.0
  static let stretches = [
    Stretch(name: "start at 4", updates: 40, target: 4, sharpness: usual),
    Stretch(name: "step to 8", updates: 40, target: 8, sharpness: usual),
    Stretch(name: "step to 2", updates: 40, target: 2, sharpness: usual),
    Stretch(name: "16, which 12 at most cannot meet", updates: 120, target: 16, sharpness: usual),
    Stretch(name: "step to 4 from there", updates: 40, target: 4, sharpness: usual),
    Stretch(name: "harder tokens", updates: 40, target: 4, sharpness: 0.25...1.5),
  ]

  /// Every update, in order.
  public let points: [Point]

  /// Runs the stretches one after the other.
  ///
  /// - Throws: `BenchError.unmade`.
  public init(seed: UInt64 = 1) throws(BenchError) {
    do throws(GatingError) {
      points = try Self.points(seed: seed)
    } catch {
      throw .unmade("\(error)")
    }
  }

  private static func points(seed: UInt64) throws(GatingError) -> [Point] {
    var rows = RouterRows(experts: 32, seed: seed)
    var gate = try TopP(expertsPerLayer: 32, mass: 0.9, atMost: 12)
    var controller = try MassController(target: stretches[0].target, mass: gate.mass)
    var selection = Selection(expertsPerLayer: 32)
    var points: [Point] = []
    for stretch in stretches {
      try controller.set(target: stretch.target)
      for _ in 0..<stretch.updates {
        let logits = rows.next(256, sharpness: stretch.sharpness)
        selection.removeAll()
        try gate.select(logits.span, traits: TokenTraits(phase: .decode), into: &selection)
        let mean = Double(selection.assignmentCount) / Double(selection.tokenCount)
        points.append(Point(target: stretch.target, meanExperts: mean, mass: gate.mass))
        try gate.set(mass: controller.update(cost: mean))
      }
    }
    return points
  }
}

extension MassFigure {
  /// How near to its target each stretch came, and how soon.
  public var table: ReportTable {
    var first = 0
    let rows = Self.stretches.map { stretch -> [String] in
      let part = points[first..<first + stretch.updates]
      first += stretch.updates
      let last = part.suffix(20)
      let mean = last.reduce(0) { $0 + $1.meanExperts } / Double(last.count)
      return [
        stretch.name, fixed(stretch.target, 1), fixed(mean, 3), fixed(part.last?.mass ?? 0, 3),
        Self.settled(part).map { "\($0)" } ?? "–",
      ]
    }
    return ReportTable(
      columns: ["stretch", "target", "mean experts, last 20 updates", "mass at the end", "updates until within 10 %"],
      rows: rows)
  }

  /// Updates after which the mean of four stays within a tenth of the target; nil when it never does.
  private static func settled(_ part: ArraySlice<Point>) -> Int? {
    let values = Array(part)
    let isNear = values.indices.map { index in
      let window = values[index..<min(index + 4, values.count)]
      let mean = window.reduce(0) { $0 + $1.meanExperts } / Double(window.count)
      return abs(mean / values[index].target - 1) < 0.1
    }
    guard let last = isNear.lastIndex(of: false) else { return 0 }
    return last + 1 < values.count ? last + 1 : nil
  }

  /// Targets, and what was chosen.
  public var plot: LinePlot {
    let updates = points.indices.map(Double.init)
    return LinePlot(
      title: "Mean experts a token, held by moving the mass", x: PlotAxis("update, of 256 tokens"),
      y: PlotAxis("experts a token", includes: 0),
      series: [
        PlotSeries("target", x: updates, y: points.map(\.target)),
        PlotSeries("chosen", x: updates, y: points.map(\.meanExperts)),
        PlotSeries("mass × 10", x: updates, y: points.map { $0.mass * 10 }),
      ])
  }
}

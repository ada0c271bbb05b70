import Ballast
import BallastControl
import BallastRuntime

/// How soon drift is found on recorded routing, and how often chance is taken for it.
public struct DriftFigure: Hashable, Codable, Sendable {
  /// How often windows resampled from one segment raised an alarm.
  public struct Stationary: Hashable, Codable, Sendable {
    /// The segment.
    public let segment: String
    /// Tokens of a stretch that was drawn whole; 1 draws every token by itself.
    public let stretch: Int
    /// Windows that were judged.
    public let windows: Int
    /// Those of them that raised an alarm.
    public let alarms: Int
    /// Those of them whose surprise exceeded its limit: an alarm takes two in a row, or one far beyond.
    public let exceeded: Int
    /// Mean surprise of neighbouring windows.
    public let surprise: Double
  }

  /// What happened after one segment followed another, both as recorded.
  public struct Switch: Hashable, Codable, Sendable {
    /// The segment before.
    public let from: String
    /// The segment after.
    public let to: String
    /// Windows before the switch that were judged.
    public let windowsBefore: Int
    /// Those of them that raised an alarm.
    public let alarmsBefore: Int
    /// Windows of the new segment until drift was found, 1 the first; nil when it was not.
    public let delay: Int?
    /// Overlap of the first window after the switch with the reference.
    public let overlap: Double
    /// Divergence of that window, bits.
    public let divergence: Double
    /// Surprise of that window over its limit.
    public let score: Double
  }

  /// One window of all segments in a row.
  public struct Window: Hashable, Codable, Sendable {
    /// The segment it belongs to.
    public let segment: String
    /// Surprise over its limit; nil while too little was known.
    public let score: Double?
    /// Overlap with the reference; nil as above.
    public let overlap: Double?
    /// Whether drift had been found by then and was not over.
    public let isDrifting: Bool
  }

  /// Rows of a window.
  public let windowRows: Int
  /// Share of windows of one load that may be taken for drift.
  public let chance: Double
  /// Resampled segments.
  public let stationary: [Stationary]
  /// Every ordered pair of segments.
  public let switches: [Switch]
  /// All segments in a row; once drift is over, or found, a plan makes the window the new reference.
  public let run: [Window]

  /// Windows of a resampled stream: one reference, some that teach, the rest judged.
  private static let streamWindows = 24
  /// Stretches a window is resampled in, tokens.
  public static let stretches = [1, 64, 256]

  /// Measures.
  ///
  /// - Parameters:
  ///   - segments: At least one, of one model.
  ///   - windowRows: Rows of a window: tokens of ids, recorded windows of counts.
  ///   - expertsPerToken: Choices of a token.
  ///   - chance: Share of windows of one load that may be taken for drift.
  ///   - resamples: Resampled windows judged for each segment and stretch, at least; 0 for none.
  ///   - seed: Decides what is drawn.
  /// - Throws: `DriftFigureError.outOfRange`.
  public init(
    _ segments: [DriftSegment], windowRows: Int, expertsPerToken: Int, chance: Double = 0.001, resamples: Int = 1000,
    seed: UInt64 = 1
  ) throws(DriftFigureError) {
    guard chance >= 1e-6, chance <= 0.5 else {
      throw .outOfRange(name: "the rate of false alarms", value: chance, allowed: 1e-6...0.5)
    }
    guard (0...1_000_000).contains(resamples) else {
      throw .outOfRange(name: "resamples", value: Double(resamples), allowed: 0...1e6)
    }
    self.windowRows = windowRows
    self.chance = chance
    let fresh = DriftStream(
      layers: segments.first?.trace.layers ?? 0, experts: segments.first?.trace.experts ?? 0,
      expertsPerToken: expertsPerToken, chance: chance)
    stationary = segments.enumerated().flatMap { index, segment in
      Self.stretches.filter { resamples > 0 && $0 <= segment.rows.count }.compactMap { stretch in
        var random = SplitMix64(seed: seed &+ UInt64(index * 1000 + stretch))
        return Self.resampled(segment, windowRows, stretch, resamples, &random, fresh)
      }
    }
    let windows = segments.map { $0.windows(of: windowRows) }
    switches = segments.indices.flatMap { from in
      segments.indices.filter { $0 != from }.compactMap { to in
        Self.followed((segments[from].name, windows[from]), by: (segments[to].name, windows[to]), fresh)
      }
    }
    run = Self.inARow(segments.map(\.name), windows, fresh)
  }

  private static func resampled(
    _ segment: DriftSegment, _ windowRows: Int, _ stretch: Int, _ resamples: Int, _ random: inout SplitMix64,
    _ fresh: DriftStream
  ) -> Stationary? {
    var judged = 0
    var alarms = 0
    var exceeded = 0
    var surprise = 0.0
    while judged < resamples {
      var stream = fresh
      var alarm = DriftAlarm(calmWindows: 1)
      for _ in 0..<streamWindows {
        guard let loads = segment.resampled(windowRows: windowRows, stretch: stretch, &random) else { return nil }
        guard let found = stream.window(loads) else { continue }
        judged += 1
        surprise += found.surprise
        if found.score > 1 { exceeded += 1 }
        if alarm.isRaised(by: found) { alarms += 1 }
      }
    }
    return Stationary(
      segment: segment.name, stretch: stretch, windows: judged, alarms: alarms, exceeded: exceeded,
      surprise: surprise / Double(judged))
  }

  private static func followed(
    _ before: (name: String, windows: [[[Int]]]), by after: (name: String, windows: [[[Int]]]), _ fresh: DriftStream
  ) -> Switch? {
    var stream = fresh
    var alarm = DriftAlarm(calmWindows: 1)
    let judged = before.windows.compactMap { stream.window($0) }
    let alarmsBefore = judged.count { alarm.isRaised(by: $0) }
    let found = after.windows.map { stream.window($0) }
    guard let first = found.first, let first else { return nil }
    // An alarm that was false already would hide the switch.
    alarm = DriftAlarm(calmWindows: 1)
    return Switch(
      from: before.name, to: after.name, windowsBefore: judged.count, alarmsBefore: alarmsBefore,
      delay: found.firstIndex { $0.map { alarm.isRaised(by: $0) } ?? false }.map { $0 + 1 }, overlap: first.overlap,
      divergence: first.divergence, score: first.score)
  }

  private static func inARow(_ names: [String], _ windows: [[[[Int]]]], _ fresh: DriftStream) -> [Window] {
    var stream = fresh
    var alarm = DriftAlarm(calmWindows: DriftConfiguration().calmWindows)
    return zip(names, windows).flatMap { name, windows in
      windows.map { loads in
        let found = stream.window(loads)
        if let found {
          alarm.note(score: found.score)
          if alarm.isOn { stream.plan() }
        }
        return Window(segment: name, score: found?.score, overlap: found?.overlap, isDrifting: alarm.isOn)
      }
    }
  }
}

extension DriftAlarm {
  /// Takes note of a window, and says whether it raised the alarm.
  fileprivate mutating func isRaised(by found: RoutingDrift) -> Bool {
    let wasOn = isOn
    note(score: found.score)
    return isOn && !wasOn
  }
}

/// The load of the recent past: the newest snapshot minus the oldest one kept, or every difference by its age.
///
/// Nothing is ever reset, so counting goes on while a window is read.
public struct LoadWindow: Sendable {
  /// How far back a window reaches.
  public enum Length: Hashable, Sendable {
    /// At least this many tokens through the busiest layer.
    case tokens(Int)
    /// At least this much time.
    case time(Duration)
    /// All time, what was counted weighing half as much with every half-life that passes.
    case fading(halfLife: Duration)
  }

  /// How far back the window reaches; a change takes effect at the next slide.
  public var length: Length
  private var snapshots: [LoadSnapshot] = []
  private var faded = FadedLoad()

  /// An empty window.
  public init(length: Length) { self.length = length }

  /// Takes in the newest snapshot and lets go of those no longer needed to reach back `length`.
  ///
  /// - Complexity: O(snapshots dropped), amortised O(1) a slide; O(layers · experts) where the load fades.
  public mutating func slide(to newest: LoadSnapshot) {
    let last = snapshots.last
    snapshots.append(newest)
    if case .fading(let halfLife) = length {
      if let last { faded.add(from: last, to: newest, halfLife: halfLife) }
      return snapshots.removeFirst(snapshots.count - 1)
    }
    faded = FadedLoad()
    let keep = snapshots.lastIndex { reaches(back: newest, to: $0) } ?? 0
    snapshots.removeFirst(keep)
  }

  /// The tokens counted inside the window; nil until two snapshots have been seen.
  ///
  /// Where it fades, every count is rounded to a whole number.
  public var load: LoadTotals? {
    if case .fading = length, let newest = snapshots.last { return faded.totals(like: newest.totals) }
    guard let oldest = snapshots.first, let newest = snapshots.last, snapshots.count > 1 else { return nil }
    return newest.totals.since(oldest.totals)
  }

  /// Slides the window spans; where it fades, the weights of all slides together, at least 1.
  public var slides: Int {
    if case .fading = length { return faded.slides }
    return max(snapshots.count - 1, 0)
  }

  /// Whether the window already reaches back its whole length.
  public var isFull: Bool {
    if case .fading(let halfLife) = length { return faded.slides > 0 && faded.time >= halfLife }
    guard let oldest = snapshots.first, let newest = snapshots.last else { return false }
    return reaches(back: newest, to: oldest)
  }

  private func reaches(back newest: LoadSnapshot, to oldest: LoadSnapshot) -> Bool {
    switch length {
    case .tokens(let tokens): newest.totals.tokens >= oldest.totals.tokens + UInt64(max(tokens, 0))
    case .time(let duration): newest.time - oldest.time >= duration
    case .fading: false
    }
  }
}

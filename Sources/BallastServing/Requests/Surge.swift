import BallastRuntime
import Glibc

/// Arrivals by the clock that for a while are more than can be served.
///
/// Half of what is usual, then `factor` times as much, then half again, each for a third of the time; the gaps are
/// drawn as of requests that know nothing of each other.
public struct Surge: Hashable, Sendable {
  /// Requests a second that are usual.
  public let perSecond: Double
  /// How many times as many arrive in the middle third.
  public let factor: Double

  /// Before and after the surge this share of what is usual arrives.
  public static let calmShare = 0.5

  /// Nil unless both are above 0 and finite.
  public init?(perSecond: Double, factor: Double) {
    guard perSecond > 0, factor > 0, perSecond.isFinite, factor.isFinite else { return nil }
    self.perSecond = perSecond
    self.factor = factor
  }

  /// Requests that arrive in so many seconds, on average; at least 1.
  public func requests(seconds: Double) -> Int {
    let expected = perSecond * (factor + 2 * Self.calmShare) / 3 * seconds
    return expected >= 1 && expected < 1e8 ? Int(expected) : expected >= 1e8 ? 100_000_000 : 1
  }

  /// When each of `requests` requests arrives, ascending.
  public func arrivals(requests: Int, seed: UInt64) -> [Duration] {
    let count = max(requests, 0)
    let third = Double(count) / (perSecond * (factor + 2 * Self.calmShare))
    var random = SplitMix64(seed: seed)
    var time = 0.0
    return (0..<count).map { _ in
      let share = time >= third && time < 2 * third ? factor : Self.calmShare
      time += -log1p(-random.fraction()) / (perSecond * share)
      return .seconds(time)
    }
  }
}

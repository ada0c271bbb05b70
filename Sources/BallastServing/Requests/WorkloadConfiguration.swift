/// How a request list is drawn from texts.
public struct WorkloadConfiguration: Hashable, Sendable {
  /// Requests in the list.
  public var requests: Int
  /// Bytes a request may have, prompt and continuation.
  public var contextBytes = 256
  /// Stretches of the list, each dominated by another domain.
  public var phases = 4
  /// The share of requests from the dominant domain in the middle of its phase; the rest is even over all domains.
  public var dominantShare = 0.8
  /// How one phase becomes the next.
  public var transition = Transition.fading
  /// Decides every random choice.
  public var seed: UInt64 = 1

  /// How one phase becomes the next.
  public enum Transition: Hashable, Sendable {
    /// The dominant domain's share falls while the next one's rises.
    case fading
    /// The next domain takes over from one request to the next.
    case abrupt
  }

  /// A list of `requests` with the default mix.
  public init(requests: Int) { self.requests = requests }

  static let allowedContextBytes = 2...1 << 20

  /// - Throws: `WorkloadError.outOfRange`, `.dominantShare`.
  func check() throws(WorkloadError) {
    try Self.check("requests", requests, 1...100_000_000)
    try Self.check("contextBytes", contextBytes, Self.allowedContextBytes)
    try Self.check("phases", phases, 1...65_535)
    guard (0...1).contains(dominantShare) else { throw .dominantShare(dominantShare) }
  }

  static func check(_ name: String, _ value: Int, _ allowed: ClosedRange<Int>) throws(WorkloadError) {
    guard allowed.contains(value) else { throw .outOfRange(name: name, value: value, allowed: allowed) }
  }
}

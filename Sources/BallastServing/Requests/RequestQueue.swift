import Synchronization

/// Hands each request of a list to one of the lanes that share it, once it has arrived.
public final class RequestQueue: Sendable {
  // Concurrency: one atomic cursor; whoever advances it owns the request it passed. The lists never change.

  /// Domains the requests come from: the highest index plus one.
  public let domains: Int
  private let requests: [Request]
  /// `[request]`, ascending: when it arrives; nil when all are there from the start.
  private let arrivals: [Duration]?
  private let start: ContinuousClock.Instant
  private let cursor = Atomic<Int>(0)

  /// A queue of `requests`, in order.
  ///
  /// - Parameters:
  ///   - requests: What is handed out.
  ///   - arrivals: When each arrives, from now on; one that is not said arrives with the last that is. Nil is at once.
  public init(_ requests: [Request], arrivals: [Duration]? = nil) {
    self.requests = requests
    self.arrivals = arrivals?.sorted()
    start = .now
    domains = (requests.map(\.domain).max() ?? -1) + 1
  }

  /// Requests in the list.
  public var count: Int { requests.count }

  /// Requests handed out so far.
  public var handedOut: Int { min(requests.count, cursor.load(ordering: .relaxed)) }

  /// Requests that have arrived and wait to be handed out.
  public var waiting: Int { max(0, arrived - handedOut) }

  /// How long until the next one arrives; nil when all have been handed out.
  public var untilNext: Duration? {
    let next = handedOut
    guard next < requests.count else { return nil }
    guard let arrivals, let last = arrivals.last else { return .zero }
    return max(.zero, (next < arrivals.count ? arrivals[next] : last) - (ContinuousClock.now - start))
  }

  /// The next request; nil when none waits.
  ///
  /// - Complexity: Lock-free, O(log requests); no allocation.
  public func next() -> Request? {
    let limit = arrived
    var index = cursor.load(ordering: .relaxed)
    while index < limit {
      let (isOurs, seen) = cursor.weakCompareExchange(expected: index, desired: index + 1, ordering: .relaxed)
      if isOurs { return requests[index] }
      index = seen
    }
    return nil
  }

  /// Requests that have arrived, whether or not they were handed out.
  private var arrived: Int {
    guard let arrivals, let last = arrivals.last else { return requests.count }
    let now = ContinuousClock.now - start
    guard now < last else { return requests.count }
    var low = 0
    var high = arrivals.count
    while low < high {
      let middle = (low + high) / 2
      if arrivals[middle] <= now { low = middle + 1 } else { high = middle }
    }
    return min(low, requests.count)
  }
}

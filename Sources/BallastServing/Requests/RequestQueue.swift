import Synchronization

/// Hands each request of a list to one of the lanes that share it.
public final class RequestQueue: Sendable {
  // Concurrency: one atomic cursor; whoever advances it owns the request it passed. The list never changes.

  /// Domains the requests come from: the highest index plus one.
  public let domains: Int
  private let requests: [Request]
  private let cursor = Atomic<Int>(0)

  /// A queue of `requests`, in order.
  public init(_ requests: [Request]) {
    self.requests = requests
    domains = (requests.map(\.domain).max() ?? -1) + 1
  }

  /// Requests in the list.
  public var count: Int { requests.count }

  /// Requests handed out so far.
  public var handedOut: Int { min(requests.count, cursor.load(ordering: .relaxed)) }

  /// The next request; nil when all have been handed out.
  ///
  /// - Complexity: Wait-free; no allocation.
  public func next() -> Request? {
    guard cursor.load(ordering: .relaxed) < requests.count else { return nil }
    let index = cursor.add(1, ordering: .relaxed).oldValue
    return index < requests.count ? requests[index] : nil
  }
}

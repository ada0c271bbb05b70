import Synchronization
import Testing

@testable import BallastServing

@Suite struct RequestQueueTests {
  @Test func everyRequestIsHandedOutOnceToSomebody() async throws {
    let requests = try (0..<1000).map { try Request(id: $0, domain: $0 % 3, bytes: [1, 2], promptBytes: 1) }
    let queue = RequestQueue(requests)
    let seen = await withTaskGroup(of: [Int].self) { group in
      for _ in 0..<4 {
        group.addTask {
          var own: [Int] = []
          while let request = queue.next() { own.append(request.id) }
          return own
        }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
    #expect(seen.sorted() == Array(0..<1000))
    #expect(queue.next() == nil)
    #expect(queue.handedOut == 1000)
    #expect(queue.domains == 3)
  }

  @Test func requestsWaitFromTheirArrivalOn() throws {
    let requests = try (0..<4).map { try Request(id: $0, domain: 0, bytes: [1, 2], promptBytes: 1) }
    // Two are there, one comes in an hour; the last is not said and comes with it.
    let queue = RequestQueue(requests, arrivals: [.zero, .seconds(3600), .zero])
    #expect(queue.waiting == 2)
    #expect(queue.untilNext == .zero)
    #expect([queue.next()?.id, queue.next()?.id] == [0, 1])
    #expect(queue.next() == nil)
    #expect(queue.waiting == 0)
    #expect(queue.handedOut == 2)
    #expect(try #require(queue.untilNext) > .seconds(3000))
  }

  @Test func withoutArrivalsAllWait() throws {
    let requests = try (0..<3).map { try Request(id: $0, domain: 0, bytes: [1, 2], promptBytes: 1) }
    for arrivals in [nil, []] as [[Duration]?] {
      let queue = RequestQueue(requests, arrivals: arrivals)
      #expect(queue.waiting == 3)
      while queue.next() != nil {}
      #expect(queue.handedOut == 3)
      #expect(queue.waiting == 0)
      #expect(queue.untilNext == nil)
    }
  }
}

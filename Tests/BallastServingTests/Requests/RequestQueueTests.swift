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
}

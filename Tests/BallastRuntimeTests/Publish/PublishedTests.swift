import BallastRuntime
import Synchronization
import Testing

@Suite struct PublishedTests {
  /// Tells how many of its kind are alive.
  private final class Witness: Sendable {
    let number: Int
    let alive: Living

    init(_ number: Int, _ alive: Living) {
      self.number = number
      self.alive = alive
      alive.count.withLock { $0 += 1 }
    }

    deinit { alive.count.withLock { $0 -= 1 } }
  }

  private final class Living: Sendable {
    let count = Mutex(0)
    var now: Int { count.withLock { $0 } }
  }

  @Test func readersSeeTheNewestValue() {
    let alive = Living()
    let published = Published(Witness(0, alive), readers: 2)
    #expect(published.withCurrent(reader: 1) { $0.number } == 0)
    #expect(published.replace(with: Witness(1, alive)) == 1)
    #expect(published.withCurrent(reader: 1) { $0.number } == 1)
    #expect(published.current.number == 1)
    #expect(published.currentGeneration == 1)
  }

  @Test func aReplacedValueLivesWhileItIsRead() {
    let alive = Living()
    let published = Published(Witness(0, alive), readers: 2)
    published.withCurrent(reader: 0) { value in
      published.replace(with: Witness(1, alive))
      published.replace(with: Witness(2, alive))
      #expect(published.oldestAnnouncedGeneration == 0)
      #expect(published.reclaim() == 0)
      #expect(published.keptCount == 2)
      #expect(alive.now == 3)
      #expect(value.number == 0)
      #expect(published.withCurrent(reader: 1) { $0.number } == 2)
    }
    #expect(published.keptCount == 2)
    #expect(published.reclaim() == 2)
    #expect(published.keptCount == 0)
    #expect(alive.now == 1)
  }

  @Test func aReaderOfTheNewestKeepsNothingOld() {
    let alive = Living()
    let published = Published(Witness(0, alive), readers: 1)
    published.replace(with: Witness(1, alive))
    published.withCurrent(reader: 0) { _ in
      #expect(published.reclaim() == 1)
      #expect(published.keptCount == 0)
      #expect(alive.now == 1)
    }
  }

  @Test func everythingGoesWithIt() {
    let alive = Living()
    do {
      let published = Published(Witness(0, alive), readers: 1)
      published.replace(with: Witness(1, alive))
      #expect(alive.now == 2)
    }
    #expect(alive.now == 0)
  }
}

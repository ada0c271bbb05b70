import BallastRuntime
import Testing

@Suite struct PublishedStressTests {
  /// A value that spoils its words when it goes, so that whoever still reads them notices.
  private final class Perishable: @unchecked Sendable {
    static let fresh: UInt64 = 0x600d_600d_600d_600d
    let words: UnsafeMutableBufferPointer<UInt64>

    init() {
      words = .allocate(capacity: 8)
      words.initialize(repeating: Self.fresh)
    }

    deinit {
      words.update(repeating: 0xdead_dead_dead_dead)
      words.deallocate()
    }

    var isFresh: Bool { words.allSatisfy { $0 == Self.fresh } }
  }

  @Test func readersNeverSeeARetiredValue() async {
    let replacements = 100_000
    let readers = 3
    let published = Published(Perishable(), readers: readers)
    let spoiled = Tally()
    let reads = Tally()
    await withTaskGroup(of: Void.self) { group in
      for reader in 0..<readers {
        group.addTask {
          var own = 0
          repeat {
            let isFresh = published.withCurrent(reader: reader) { value in value.isFresh && value.isFresh }
            if !isFresh { spoiled.add(1) }
            own += 1
            if own % 1_000 == 0 { await Task.yield() }
          } while !reads.isDone
          reads.add(own)
        }
      }
      group.addTask {
        for replacement in 1...replacements {
          published.replace(with: Perishable())
          published.reclaim()
          if replacement % 1_000 == 0 { await Task.yield() }
        }
        reads.finish()
      }
    }
    #expect(spoiled.count == 0)
    #expect(reads.count > 0)
    #expect(published.currentGeneration == UInt64(replacements))
    #expect(published.oldestAnnouncedGeneration == nil)
    #expect(published.reclaim() == UInt64(replacements))
    #expect(published.keptCount == 0)
  }
}

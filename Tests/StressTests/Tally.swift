import Synchronization

/// What concurrent tasks of one test tell each other.
final class Tally: Sendable {
  private let number = Atomic(0)
  private let done = Atomic(false)

  var count: Int { number.load(ordering: .relaxed) }

  var isDone: Bool { done.load(ordering: .relaxed) }

  func add(_ amount: Int) { number.add(amount, ordering: .relaxed) }

  func finish() { done.store(true, ordering: .relaxed) }
}

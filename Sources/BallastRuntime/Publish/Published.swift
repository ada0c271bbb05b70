import Synchronization

/// Holds a value that lanes read without waiting while one writer replaces it.
///
/// A replaced value is kept until no lane can be reading it; the writer asks, later, by `reclaim`.
public final class Published<Value: AnyObject & Sendable>: Sendable {
  // Concurrency:
  // - A reader announces the generation it saw in its slot, then loads the address; both sequentially consistent.
  // - The writer exchanges the address, then advances the generation. A value replaced at generation g can only
  //   be held by a reader whose announced generation is below g: whoever announces g or more, or announces after
  //   the writer found its slot idle, loads the address after the exchange.
  // - Nobody spins: `reclaim` looks once and answers.
  // Safety: `address` owns one strong reference; `retired` owns one for each value that was replaced.
  private let address: Atomic<UInt>
  private let generation = Atomic<UInt64>(0)
  private let slots: AtomicRows
  private let retired = Mutex<[Retired]>([])

  /// A slot's word when its lane is not reading; otherwise it is the announced generation plus one.
  private static var idle: UInt64 { 0 }

  private struct Retired {
    let generation: UInt64
    let value: Value
  }

  /// Publishes `value` to `readers` reader slots.
  public init(_ value: Value, readers: Int) {
    // Safety: the reference taken here is given back by `deinit`, or handed to `retired` by `replace`.
    address = Atomic(unsafe UInt(bitPattern: Unmanaged.passRetained(value).toOpaque()))
    slots = AtomicRows(rows: readers, columns: 1)
  }

  deinit {
    // Safety: nobody can read any more; this gives back the reference `address` owns.
    unsafe reference(address.load(ordering: .sequentiallyConsistent)).release()
  }

  /// Reads the current value; it stays alive while `body` runs.
  ///
  /// - Precondition: `reader` is below `readers`, and no other thread uses it meanwhile; a reader does not nest.
  /// - Complexity: Wait-free: two stores and two loads; no allocation, no retain.
  package func withCurrent<Outcome>(reader: Int, _ body: (Value) -> Outcome) -> Outcome {
    let seen = generation.load(ordering: .sequentiallyConsistent)
    slots.withWord(row: reader, column: 0) { $0.store(seen + 1, ordering: .sequentiallyConsistent) }
    defer { slots.withWord(row: reader, column: 0) { $0.store(Self.idle, ordering: .releasing) } }
    // Safety: the announcement above keeps what `address` names alive until this returns.
    let current = unsafe reference(address.load(ordering: .sequentiallyConsistent))
    return unsafe current._withUnsafeGuaranteedRef { body($0) }
  }

  /// Makes `value` current. The value it replaces is kept until `reclaim` finds it unreachable.
  ///
  /// - Returns: The generation from which readers see `value`.
  /// - Precondition: One writer at a time.
  @discardableResult
  public func replace(with value: Value) -> UInt64 {
    // Safety: the new reference is owned by `address`; the one that comes out moves to `retired`.
    let fresh = unsafe UInt(bitPattern: Unmanaged.passRetained(value).toOpaque())
    let old = unsafe reference(address.exchange(fresh, ordering: .sequentiallyConsistent)).takeRetainedValue()
    let next = generation.add(1, ordering: .sequentiallyConsistent).newValue
    retired.withLock { $0.append(Retired(generation: next, value: old)) }
    return next
  }

  /// Lets go of every replaced value no lane can reach any more.
  ///
  /// - Returns: Values still kept because a lane may be reading them.
  /// - Complexity: O(readers + kept); looks once and never waits.
  @discardableResult
  public func reclaim() -> Int {
    let oldest = oldestAnnouncedGeneration ?? .max
    return retired.withLock { kept in
      kept.removeAll { $0.generation <= oldest }
      return kept.count
    }
  }

  /// Whether no lane can reach what was replaced at `generation` or before.
  public func isUnreachable(before generation: UInt64) -> Bool {
    (oldestAnnouncedGeneration ?? .max) >= generation
  }

  /// The oldest generation a lane is reading now; nil when none reads.
  public var oldestAnnouncedGeneration: UInt64? {
    (0..<slots.rows).compactMap { reader in
      let word = slots.withWord(row: reader, column: 0) { $0.load(ordering: .sequentiallyConsistent) }
      return word == Self.idle ? nil : word - 1
    }.min()
  }

  /// Generations published since the first.
  public var currentGeneration: UInt64 { generation.load(ordering: .sequentiallyConsistent) }

  /// The current value, for the writer: nobody else replaces it meanwhile.
  public var current: Value {
    // Safety: only the writer calls this, and only the writer lets go of the reference.
    unsafe reference(address.load(ordering: .sequentiallyConsistent)).takeUnretainedValue()
  }

  private func reference(_ bits: UInt) -> Unmanaged<Value> {
    guard let pointer = unsafe UnsafeRawPointer(bitPattern: bits) else { preconditionFailure("a published address is never 0") }
    // Safety: the bits came from `passRetained` of a `Value`.
    return unsafe Unmanaged.fromOpaque(pointer)
  }
}

import Synchronization

/// Holds a value that lanes read without waiting while one writer replaces it.
///
/// A replaced value is kept until no lane can be reading it; the writer asks, later, by `reclaim`.
public final class Published<Value: AnyObject & Sendable>: Sendable {
  // Concurrency:
  // The names in brackets are the steps of the model that a checker explores, docs/verification/publication.pml:
  // who changes the order of what happens here changes it there.
  // - A reader announces the generation it saw in its slot [announce], then loads the address [load]; both
  //   sequentially consistent. When it is done it says so [leave].
  // - The writer stores the address [store], then advances the generation [advance]. A value replaced at generation
  //   g can only be held by a reader whose announced generation is below g: whoever announces g or more, or
  //   announces after the writer found its slot idle, loads the address after the replacement.
  // - Writers exclude each other by a lock no lane takes. Nobody spins: `reclaim` looks once [look], lets go of what
  //   no reader can hold [free], and answers.
  // Safety: `kept` holds a strong reference to everything `address` names or a lane may be reading.
  private let address: Atomic<UInt>
  private let generation = Atomic<UInt64>(0)
  private let slots: AtomicRows
  private let kept: Mutex<Kept>

  /// A slot's word when its lane is not reading; otherwise it is the announced generation plus one.
  private static var idle: UInt64 { 0 }

  /// What the writer keeps alive, for itself and for lanes that may still be reading.
  private struct Kept {
    var current: Value
    var replaced: [(generation: UInt64, value: Value)] = []
  }

  /// Publishes `value` to `readers` reader slots.
  public init(_ value: Value, readers: Int) {
    kept = Mutex(Kept(current: value))
    address = Atomic(Self.bits(of: value))
    slots = AtomicRows(rows: readers, columns: 1)
  }

  /// Reads the current value; it stays alive while `body` runs.
  ///
  /// - Precondition: `reader` is below `readers`, and no other thread uses it meanwhile; a reader does not nest.
  /// - Complexity: Wait-free: two stores and two loads; no allocation, no retain.
  package func withCurrent<Outcome>(reader: Int, _ body: (Value) -> Outcome) -> Outcome {
    let seen = generation.load(ordering: .sequentiallyConsistent)
    // [announce]
    slots.withWord(row: reader, column: 0) { $0.store(seen + 1, ordering: .sequentiallyConsistent) }
    // [leave]
    defer { slots.withWord(row: reader, column: 0) { $0.store(Self.idle, ordering: .releasing) } }
    // Safety: [load] the announcement above keeps what `address` names alive until this returns.
    let current = unsafe reference(address.load(ordering: .sequentiallyConsistent))
    return unsafe current._withUnsafeGuaranteedRef { body($0) }
  }

  /// Makes `value` current.
  ///
  /// The value it replaces is kept until `reclaim` finds it unreachable.
  ///
  /// - Returns: The generation from which readers see `value`.
  @discardableResult
  public func replace(with value: Value) -> UInt64 {
    kept.withLock { kept in
      // [store], then [advance]
      address.store(Self.bits(of: value), ordering: .sequentiallyConsistent)
      let next = generation.add(1, ordering: .sequentiallyConsistent).newValue
      kept.replaced.append((next, kept.current))
      kept.current = value
      return next
    }
  }

  /// Lets go of every replaced value no lane can reach any more.
  ///
  /// - Returns: A generation; no lane can reach what was replaced at it or before.
  /// - Complexity: O(readers + kept); looks once and never waits.
  @discardableResult
  public func reclaim() -> UInt64 {
    kept.withLock { kept in
      // [look], then [free]
      let reached = oldestAnnouncedGeneration ?? currentGeneration
      kept.replaced.removeAll { $0.generation <= reached }
      return reached
    }
  }

  /// Replaced values still kept because a lane may have been reading them when `reclaim` last looked.
  public var keptCount: Int { kept.withLock { $0.replaced.count } }

  /// The oldest generation a lane is reading now; nil when none reads.
  public var oldestAnnouncedGeneration: UInt64? {
    (0..<slots.rows).compactMap { reader in
      let word = slots.withWord(row: reader, column: 0) { $0.load(ordering: .sequentiallyConsistent) }
      return word == Self.idle ? nil : word - 1
    }.min()
  }

  /// Generations published since the first.
  public var currentGeneration: UInt64 { generation.load(ordering: .sequentiallyConsistent) }

  /// The current value, for anyone off the serving path; takes the writer's lock.
  public var current: Value { kept.withLock { $0.current } }

  private static func bits(of value: Value) -> UInt {
    // Safety: only the address is taken; `kept` holds the reference.
    unsafe UInt(bitPattern: Unmanaged.passUnretained(value).toOpaque())
  }

  private func reference(_ bits: UInt) -> Unmanaged<Value> {
    guard let pointer = unsafe UnsafeRawPointer(bitPattern: bits) else {
      preconditionFailure("a published address is never 0")
    }
    // Safety: the bits are the address of a `Value` that `kept` holds.
    return unsafe Unmanaged.fromOpaque(pointer)
  }
}

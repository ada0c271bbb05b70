import Synchronization

/// Words of memory in rows that share no cache line.
///
/// The one place where lanes and the control loop meet in raw memory: counters give a row to each lane to count
/// in, `Published` gives one to each lane to announce in.
@safe struct AtomicRows: ~Copyable, @unchecked Sendable {
  // Safety: the words are allocated for the life of this value, initialised before it is shared, freed when it
  // goes, and reached only by checked indices; every access to one is atomic.
  private let words: UnsafeMutablePointer<Atomic<UInt64>>
  private let stride: Int
  /// Rows, one a lane.
  let rows: Int
  /// Words in a row.
  let columns: Int

  /// Words at zero.
  ///
  /// Rows start on 128-byte boundaries: the processor prefetches cache lines in pairs.
  init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    stride = (columns + 15) / 16 * 16
    let count = max(rows * stride, 1)
    // Safety: the memory is fresh, large enough for every word, and each word is initialised once.
    let memory = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<UInt64>.stride, alignment: 128)
    unsafe words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: count)
    for index in 0..<count { unsafe (words + index).initialize(to: Atomic<UInt64>(0)) }
  }

  deinit {
    // Safety: `Atomic<UInt64>` holds nothing that needs deinitialising.
    unsafe UnsafeMutableRawPointer(words).deallocate()
  }

  /// Lends one word.
  @inline(__always)
  func withWord<Outcome>(row: Int, column: Int, _ body: (borrowing Atomic<UInt64>) -> Outcome) -> Outcome {
    precondition(row >= 0 && row < rows && column >= 0 && column < columns)
    // Safety: the indices were checked against the allocation.
    return unsafe body(words[row * stride + column])
  }

  /// The word, for whoever may miss the newest writes.
  @inline(__always)
  func value(row: Int, column: Int) -> UInt64 {
    withWord(row: row, column: column) { $0.load(ordering: .relaxed) }
  }

  /// Replaces the word; only the row's owner may call it.
  @inline(__always)
  func set(_ value: UInt64, row: Int, column: Int) {
    withWord(row: row, column: column) { $0.store(value, ordering: .relaxed) }
  }

  /// Lends a whole row to its owner.
  @inline(__always)
  func withRow(_ row: Int, _ body: (borrowing Row) -> Void) {
    precondition(row >= 0 && row < rows)
    // Safety: the row lies inside the allocation, which outlives the call.
    body(unsafe Row(words: words + row * stride, columns: columns))
  }

  /// A row in the hands of the one lane that writes it, which may therefore add without a read-modify-write.
  @safe struct Row: ~Copyable, ~Escapable {
    // Safety: the words outlive this value, which cannot escape the closure it is lent to; columns are checked.
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let columns: Int

    @_lifetime(immortal)
    fileprivate init(words: UnsafeMutablePointer<Atomic<UInt64>>, columns: Int) {
      unsafe self.words = words
      self.columns = columns
    }

    /// Adds to the word.
    @inline(__always)
    func add(_ amount: UInt64, column: Int) {
      precondition(column >= 0 && column < columns)
      // Safety: the column was checked against the row.
      unsafe words[column].store(words[column].load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }
  }
}

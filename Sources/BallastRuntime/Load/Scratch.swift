/// Memory a lane works in: owned by one value, never shared, as large as the largest batch needed.
///
/// Plain memory rather than an array: an element costs no check for other owners of the memory.
@safe struct Scratch<Element: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
  // Safety: the memory belongs to this value alone and is freed with it; all of it is initialised when it is
  // allocated; elements are reached by checked indices, or through `start` by loops that checked theirs.
  private(set) var start: UnsafeMutablePointer<Element>
  /// Elements there is room for.
  private(set) var capacity: Int
  private let filler: Element

  /// No elements; new ones will be `filler`.
  init(filler: Element) {
    self.filler = filler
    capacity = 0
    // Safety: no element is ever read before `makeRoom` allocates it.
    unsafe start = .allocate(capacity: 0)
  }

  deinit {
    // Safety: allocated by this value; its elements need no deinitialising.
    unsafe start.deallocate()
  }

  /// Makes room for `count` elements; when it grows, all of them are `filler`.
  mutating func makeRoom(_ count: Int) {
    guard count > capacity else { return }
    // Safety: nothing else refers to the old memory; the new memory is initialised before it is used.
    unsafe start.deallocate()
    capacity = max(count, capacity * 2)
    unsafe start = .allocate(capacity: capacity)
    unsafe start.initialize(repeating: filler, count: capacity)
  }

  /// Sets the first `count` elements to the filler.
  mutating func clear(_ count: Int) {
    precondition(count >= 0 && count <= capacity)
    // Safety: the elements are inside the memory.
    unsafe start.update(repeating: filler, count: count)
  }

  /// Lends the first `count` elements until the memory grows or goes.
  func lend(_ count: Int) -> Lent<Element> {
    precondition(count >= 0 && count <= capacity)
    // Safety: the elements are inside the memory.
    return unsafe Lent(UnsafeMutableBufferPointer(start: start, count: count))
  }

  /// The element at a checked place.
  subscript(index: Int) -> Element {
    @inline(__always) get {
      precondition(index >= 0 && index < capacity)
      // Safety: the index was checked.
      return unsafe start[index]
    }
    @inline(__always) set {
      precondition(index >= 0 && index < capacity)
      // Safety: the index was checked.
      unsafe start[index] = newValue
    }
  }
}

/// A row of numbers of fixed length that is written in place: scratch that neither grows nor is copied.
@safe struct Row<Element: BitwiseCopyable>: ~Copyable {
  // Safety: allocated for `count` elements in `init`, all set there, freed in `deinit` and nowhere else; the row cannot
  // be copied, so nothing outlives it, and every access is checked against `count`.
  // It stands before `count` because the compiler, for the thread sanitizer, takes what stands first for an address.
  private let first: UnsafeMutablePointer<Element>
  let count: Int

  /// A row of `count` times `value`.
  init(repeating value: Element, count: Int) {
    self.count = count
    // Safety: every element is set before anything can read it.
    unsafe first = .allocate(capacity: max(count, 1))
    unsafe first.initialize(repeating: value, count: count)
  }

  deinit {
    // Safety: what `init` allocated.
    unsafe first.deallocate()
  }

  var indices: Range<Int> { 0..<count }

  /// The element at `index`, which must be below `count`.
  @inline(__always)
  subscript(index: Int) -> Element {
    get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      // Safety: within the row, as just checked.
      return unsafe first[index]
    }
    nonmutating set {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      // Safety: within the row, as just checked.
      unsafe first[index] = newValue
    }
  }

  /// Sets every element.
  func fill(_ value: Element) {
    // Safety: the row has `count` elements.
    unsafe first.update(repeating: value, count: count)
  }
}

extension Row<Float> {
  /// Four elements from `index` on, all of which must be below `count`.
  @inline(__always)
  func four(_ index: Int) -> SIMD4<Float> {
    precondition(index >= 0 && index <= count &- 4)
    // Safety: within the row, as just checked; the load needs no alignment.
    return unsafe UnsafeRawPointer(first + index).loadUnaligned(as: SIMD4<Float>.self)
  }
}

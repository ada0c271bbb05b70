/// Memory of an array, lent for one call: reaching an element costs no check for other owners of the array.
@safe struct Lent<Element> {
  // Safety: whoever makes one keeps the memory in place and to itself until the call ends. Its users compute places
  // from what was laid out beside it, never from outside; debug builds check every one.
  private let start: UnsafeMutablePointer<Element>?
  let count: Int

  /// Lends the memory.
  init(_ memory: UnsafeMutableBufferPointer<Element>) {
    // Safety: as above.
    unsafe start = memory.baseAddress
    count = memory.count
  }

  /// Lends `count` elements from `first` on, of those lent here.
  func from(_ first: Int, count: Int) -> Lent<Element> {
    precondition(first >= 0 && count >= 0 && first <= self.count - count)
    // Safety: the part lies inside the whole.
    return unsafe Lent(UnsafeMutableBufferPointer(start: start.map { unsafe $0 + first }, count: count))
  }

  /// The element at a place below `count`.
  subscript(place: Int) -> Element {
    @inline(__always) get {
      assert(place >= 0 && place < count)
      // Safety: as above; memory of one element or more has an address.
      return unsafe start.unsafelyUnwrapped[place]
    }
    @inline(__always) nonmutating _modify {
      assert(place >= 0 && place < count)
      // Safety: as above; memory of one element or more has an address.
      yield unsafe &start.unsafelyUnwrapped[place]
    }
  }
}

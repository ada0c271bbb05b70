// What a lane does to its scratch arrays again and again without allocating.
extension Array {
  /// Makes the array `count` long and keeps what fits; new elements are `filler`, and memory only ever grows.
  mutating func resize(to count: Int, with filler: Element) {
    if self.count > count { removeLast(self.count - count) }
    guard self.count < count else { return }
    append(contentsOf: repeatElement(filler, count: count - self.count))
  }

  /// Makes every element `value`.
  mutating func setAll(to value: Element) {
    // Safety: the elements are the array's own.
    unsafe withUnsafeMutableBufferPointer { unsafe $0.update(repeating: value) }
  }

  /// Sorts in place, which the standard sort does not promise; `precedes` must not call two elements equal.
  mutating func sortInPlace(_ precedes: (Element, Element) -> Bool) {
    var gap = count / 2
    while gap > 0 {
      for start in gap..<count {
        let element = self[start]
        var place = start
        while place >= gap, precedes(element, self[place - gap]) {
          self[place] = self[place - gap]
          place -= gap
        }
        self[place] = element
      }
      gap = gap == 2 ? 1 : gap * 5 / 11
    }
  }
}

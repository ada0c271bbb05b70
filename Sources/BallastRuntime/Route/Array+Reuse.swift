// What a lane does to its scratch arrays again and again without allocating.
extension Array {
  /// Makes the array `count` long and keeps what fits; new elements are `filler`, and memory only ever grows.
  mutating func resize(to count: Int, with filler: Element) {
    if self.count > count { removeLast(self.count - count) }
    reserveCapacity(count)
    while self.count < count { append(filler) }
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

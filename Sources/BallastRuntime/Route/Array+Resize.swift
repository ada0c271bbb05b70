extension Array {
  /// Makes the array `count` long and keeps what fits; new elements are `filler`, and memory only ever grows.
  mutating func resize(to count: Int, with filler: Element) {
    if self.count > count { removeLast(self.count - count) }
    reserveCapacity(count)
    while self.count < count { append(filler) }
  }
}

/// How many copies each expert of a layer gets, in even shares.
struct CopyCounts: ~Copyable {
  // Algorithm: copies go one by one to the expert whose copies are heaviest, which makes the heaviest copy as light as
  // it can be. The candidates stand in a heap; experts enter it by load, once their turn may come.

  /// `[expert]`: copies, at least one.
  let counts: Row<Int32>
  private let heap: Row<Int32>
  private let shares: Row<Float>
  private var size = 0

  init(count: Int) {
    counts = Row(repeating: 1, count: count)
    heap = Row(repeating: 0, count: count)
    shares = Row(repeating: 0, count: count)
  }

  subscript(_ expert: Int32) -> Int32 { counts[Int(expert)] }

  /// Shares out `copies` among the experts of `order`, none of which gets more than `most`.
  mutating func share(_ copies: Int, _ order: borrowing Row<Int32>, _ loads: borrowing Row<Float>, most: Int) {
    counts.fill(1)
    size = 0
    guard most > 1 else { return }
    var next = 0
    for _ in loads.count..<copies {
      while next < order.count {
        let expert = order[next]
        let load = loads[Int(expert)]
        if size > 0, shares[0] > load { break }
        push(load, expert)
        next += 1
      }
      guard size > 0 else { break }
      let expert = heap[0]
      let more = counts[Int(expert)] + 1
      counts[Int(expert)] = more
      if Int(more) < most {
        sink(loads[Int(expert)] / Float(more), expert)
      } else {
        size -= 1
        sink(shares[size], heap[size])
      }
    }
  }

  private mutating func push(_ share: Float, _ expert: Int32) {
    var child = size
    size += 1
    while child > 0 {
      let parent = (child &- 1) / 2
      guard shares[parent] < share else { break }
      shares[child] = shares[parent]
      heap[child] = heap[parent]
      child = parent
    }
    shares[child] = share
    heap[child] = expert
  }

  /// Puts an expert in the place of the first.
  private func sink(_ share: Float, _ expert: Int32) {
    guard size > 0 else { return }
    var parent = 0
    while true {
      var child = parent &* 2 &+ 1
      guard child < size else { break }
      if child &+ 1 < size, shares[child &+ 1] > shares[child] { child &+= 1 }
      guard shares[child] > share else { break }
      shares[parent] = shares[child]
      heap[parent] = heap[child]
      parent = child
    }
    shares[parent] = share
    heap[parent] = expert
  }
}

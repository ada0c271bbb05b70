/// The copies of a layer, heaviest first; copies of one expert stand together.
struct CopyList: ~Copyable {
  /// `[copy]`: what it is a copy of.
  let experts: Row<Int32>
  /// `[copy]`: what it carries.
  let loads: Row<Float>
  private let shared: Row<Int32>
  private let shares: Row<Float>

  init(experts count: Int, copies: Int) {
    experts = Row(repeating: 0, count: copies)
    loads = Row(repeating: 0, count: copies)
    shared = Row(repeating: 0, count: count)
    shares = Row(repeating: 0, count: count)
  }

  /// Lists the copies that `counts` says, experts given by load in `order`.
  func list(_ counts: borrowing CopyCounts, _ order: borrowing Row<Int32>, _ expertLoads: borrowing Row<Float>) {
    let count = shareOut(counts, order, expertLoads)
    var end = 0
    var next = 0
    for index in order.indices {
      let expert = order[index]
      guard counts[expert] == 1 else { continue }
      let load = expertLoads[Int(expert)]
      while next < count, shares[next] >= load {
        end = write(next, counts, end)
        next &+= 1
      }
      experts[end] = expert
      loads[end] = load
      end &+= 1
    }
    while next < count {
      end = write(next, counts, end)
      next &+= 1
    }
  }

  @inline(__always)
  private func write(_ index: Int, _ counts: borrowing CopyCounts, _ end: Int) -> Int {
    let expert = shared[index]
    let load = shares[index]
    let last = end &+ Int(counts[expert])
    for place in end..<last {
      experts[place] = expert
      loads[place] = load
    }
    return last
  }

  /// The experts of several copies, by the load of a copy.
  private func shareOut(
    _ counts: borrowing CopyCounts, _ order: borrowing Row<Int32>, _ expertLoads: borrowing Row<Float>
  ) -> Int {
    var size = 0
    for index in order.indices {
      let expert = order[index]
      let count = counts[expert]
      guard count > 1 else { continue }
      let share = expertLoads[Int(expert)] / Float(count)
      var place = size
      while place > 0, shares[place &- 1] < share {
        shares[place] = shares[place &- 1]
        shared[place] = shared[place &- 1]
        place &-= 1
      }
      shares[place] = share
      shared[place] = expert
      size &+= 1
    }
    return size
  }
}

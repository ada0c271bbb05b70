/// Copies and packs one layer after another, keeping its scratch.
struct LayerPacker: ~Copyable {
  // Algorithm: copies are counted so that the heaviest is lightest, exchanged where they would fold badly, dealt to the
  // devices in rounds, and swapped until the devices are level. A small layer is then searched exhaustively.

  let experts: Int
  let copies: Int
  let devices: Int
  /// Maximum over mean device load of the layer packed last.
  private(set) var imbalance = 1.0
  /// No packing of the layer packed last has a lower imbalance.
  private(set) var lowerBound = 1.0

  private let loads: Row<Float>
  private let order: LoadOrder
  private var counts: CopyCounts
  private let list: CopyList
  private let grid: SlotGrid
  private var fold: FoldScratch
  private var exact: ExactPacking

  /// Device imbalance above the least possible that is left as it is.
  private static var tolerance: Float { 1.5e-4 }
  private static var foldGoal: Float { 1.0005 }
  private static var foldSteps: Int { 6 }

  /// Scratch for layers of one shape; `copies` divide by `devices`, and each expert has room for one at least.
  init(experts: Int, copies: Int, devices: Int) {
    self.experts = experts
    self.copies = copies
    self.devices = devices
    loads = Row(repeating: 0, count: experts)
    order = LoadOrder(count: experts)
    counts = CopyCounts(count: experts)
    list = CopyList(experts: experts, copies: copies)
    grid = SlotGrid(devices: devices, slots: copies / devices)
    fold = FoldScratch(experts: experts, devices: devices)
    exact = ExactPacking(experts: experts, copies: copies, devices: devices)
  }

  /// Packs a layer of these loads, finite and not negative; without any load, as if every expert had the same.
  mutating func pack(_ tokens: [Double]) {
    scale(tokens)
    order.sort(loads)
    counts.share(copies, order.experts, loads, most: devices)
    lowerBound = max(1, heaviestCopy())
    list.list(counts, order.experts, loads)
    if counts.refold(
      list, loads, devices: devices, slots: grid.slots, goal: Self.foldGoal, steps: Self.foldSteps, &fold)
    {
      list.list(counts, order.experts, loads)
    }
    grid.deal(list)
    grid.level(to: max(1, list.loads[0]) * (1 + Self.tolerance), counts)
    if exact.isWorthwhile, grid.most > Float(lowerBound) * (1 + Self.tolerance / 10) { search() }
    imbalance = max(1, heaviestDevice())
    lowerBound = min(lowerBound, imbalance)
  }

  /// `[device][slot]`: the experts, of the layer packed last.
  func packed() -> [Int] { grid.experts.indices.map { Int(grid.experts[$0]) } }

  /// Loads such that a device's mean is 1.
  private func scale(_ tokens: [Double]) {
    var most = 0.0
    for load in tokens { most = max(most, load) }
    var total = 0.0
    for load in tokens { total += load / most }
    for index in loads.indices {
      loads[index] = most > 0 ? Float(tokens[index] / most / total * Double(devices)) : Float(devices) / Float(experts)
    }
  }

  private func heaviestCopy() -> Double {
    var most = 0.0
    for expert in loads.indices { most = max(most, Double(loads[expert]) / Double(counts.counts[expert])) }
    return most
  }

  private func heaviestDevice() -> Double {
    var most = 0.0
    for device in 0..<devices {
      var sum = 0.0
      for slot in 0..<grid.slots {
        let expert = Int(grid.experts[device &* grid.slots &+ slot])
        sum += Double(loads[expert]) / Double(counts.counts[expert])
      }
      most = max(most, sum)
    }
    return most
  }

  private mutating func search() {
    var isBetter = false
    // From below: the narrower the search, the sooner it ends.
    for limit in [1.004, 1.012, 1.03, .infinity] as [Float] where !isBetter {
      let bound = min(grid.most, max(1, Float(lowerBound)) * limit)
      isBetter = exact.search(loads, order.experts, below: bound)
      if bound == grid.most || !exact.isExhausted { break }
    }
    if isBetter {
      for copy in 0..<copies { grid.experts[copy] = order.experts[Int(exact.best[copy])] }
      for rank in 0..<experts { counts.counts[Int(order.experts[rank])] = exact.bestCounts[rank] }
    }
    if exact.isExhausted { lowerBound = heaviestDevice() }
  }
}

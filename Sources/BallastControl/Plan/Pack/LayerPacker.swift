/// Copies and packs one layer after another, keeping its scratch.
struct LayerPacker: ~Copyable {
  // Algorithm: copies are counted so that the heaviest is lightest, exchanged where they would fold badly, dealt to the
  // devices in rounds, and swapped until the devices are level. A small layer is searched exhaustively first, near what
  // is possible, and without a limit where nothing is found there.

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
  /// Bounds of the exhaustive search, by the least possible.
  private static let nearBound: [Float] = [1.006, 1.015, 1.04]

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
    guard !exact.isWorthwhile || !searchNearBound() else { return }
    construct()
    imbalance = max(1, heaviestDevice())
    if exact.isWorthwhile, imbalance > lowerBound * (1 + Double(Self.tolerance) / 10) {
      _ = search(below: Float(imbalance))
    }
    lowerBound = min(lowerBound, imbalance)
  }

  /// Deals the copies out as they are counted, or counted anew, and levels the devices.
  private mutating func construct() {
    list.list(counts, order.experts, loads)
    if counts.refold(
      list, loads, devices: devices, slots: grid.slots, goal: Self.foldGoal, steps: Self.foldSteps, &fold)
    {
      list.list(counts, order.experts, loads)
    }
    grid.deal(list)
    grid.level(to: max(1, list.loads[0]) * (1 + Self.tolerance), counts)
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

  /// Searches exhaustively from narrow bounds to wider ones: the narrower, the sooner it ends.
  ///
  /// - Returns: Whether a packing was found.
  private mutating func searchNearBound() -> Bool {
    for factor in Self.nearBound {
      if search(below: Float(lowerBound) * factor) { return true }
      guard exact.isExhausted else { return false }
    }
    return false
  }

  /// Takes the best packing whose heaviest device carries less than `most`, if there is one.
  private mutating func search(below most: Float) -> Bool {
    let isFound = exact.search(loads, order.experts, below: most)
    if isFound {
      counts.counts.fill(0)
      for copy in 0..<copies {
        let expert = order.experts[Int(exact.best[copy])]
        grid.experts[copy] = expert
        counts.counts[Int(expert)] += 1
      }
      imbalance = max(1, heaviestDevice())
    }
    if exact.isExhausted, isFound || most >= Float(imbalance) { lowerBound = imbalance }
    return isFound
  }
}

/// Copies and packs one layer after another, keeping its scratch.
struct LayerPacker: ~Copyable {
  let experts: Int
  let copies: Int
  let devices: Int
  let loads: Row<Float>
  let order: LoadOrder
  var counts: CopyCounts
  let list: CopyList
  let grid: SlotGrid
  var fold: FoldScratch
  var exact: ExactPacking
  var imbalance = 1.0

  init(experts: Int, copies: Int, devices: Int) {
    self.experts = experts
    self.copies = copies
    self.devices = devices
    loads = Row(repeating: 0, count: experts)
    order = LoadOrder(count: experts)
    counts = CopyCounts(count: experts)
    list = CopyList(experts: experts, copies: copies)
    grid = SlotGrid(devices: devices, slots: copies / devices)
    exact = ExactPacking(experts: experts, copies: copies, devices: devices)
    fold = FoldScratch(experts: experts, devices: devices)
  }

  mutating func pack(_ tokens: [Double]) {
    var total = 0.0
    for value in tokens { total += value }
    let scale = Double(devices) / total
    for index in loads.indices { loads[index] = Float(tokens[index] * scale) }
    order.sort(loads)
    counts.share(copies, order.experts, loads, most: devices)
    list.list(counts, order.experts, loads)
    if counts.refold(list, loads, devices: devices, slots: grid.slots, goal: 1.0005, steps: 12, &fold) {
      list.list(counts, order.experts, loads)
    }
    grid.deal(list)
    grid.level(to: 1.00015, counts)
    imbalance = Double(grid.most)
    if copies <= 16, exact.search(loads, order.experts, below: grid.most) { imbalance = Double(exact.most) }
  }
}

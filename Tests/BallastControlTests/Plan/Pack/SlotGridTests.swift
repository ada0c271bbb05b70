import Testing

@testable import BallastControl

@Suite struct SlotGridTests {
  /// A grid with the copies of experts of these loads dealt out, and what they are.
  private struct Dealt: ~Copyable {
    var counts: CopyCounts
    let grid: SlotGrid

    init(_ loads: [Float], devices: Int, slots: Int) {
      let sum = loads.reduce(0, +)
      let row = Row<Float>(repeating: 0, count: loads.count)
      for index in loads.indices { row[index] = loads[index] / sum * Float(devices) }
      let order = LoadOrder(count: loads.count)
      order.sort(row)
      counts = CopyCounts(count: loads.count)
      counts.share(devices * slots, order.experts, row, most: devices)
      let list = CopyList(experts: loads.count, copies: devices * slots)
      list.list(counts, order.experts, row)
      grid = SlotGrid(devices: devices, slots: slots)
      grid.deal(list)
    }
  }

  private static func check(_ grid: borrowing SlotGrid, _ seed: Int) {
    for device in 0..<grid.devices {
      let slots = grid.slots
      let held = (0..<slots).map { grid.experts[device * grid.slots + $0] }
      #expect(Set(held).count == slots, "seed \(seed)")
      let carried = (0..<grid.slots).reduce(0) { $0 + grid.carried[device * grid.stride + $1] }
      let load = grid.loads[device]
      #expect(abs(carried - load) < 1e-4, "seed \(seed)")
    }
    let loads = (0..<grid.devices).map { grid.loads[Int(grid.order[$0])] }
    let most = grid.most
    #expect(loads == loads.sorted() && loads.last == most, "seed \(seed)")
    let order = (0..<loads.count).map { grid.order[$0] }
    #expect(Set(order).count == loads.count)
  }

  @Test(arguments: 0..<40)
  func levellingKeepsDevicesWithoutRepetitionAndInOrder(seed: Int) {
    var random = SeededRandom(seed: UInt64(seed))
    let devices = Int.random(in: 2...12, using: &random)
    let experts = Int.random(in: 2...60, using: &random)
    let least = (experts + devices - 1) / devices
    let slots = Int.random(in: least...min(experts, least + 3), using: &random)
    var loads = (0..<experts).map { _ in Float.random(in: 0...1, using: &random) }
    loads[0] *= 10
    let dealt = Dealt(loads, devices: devices, slots: slots)
    Self.check(dealt.grid, seed)
    let before = dealt.grid.most
    dealt.grid.level(to: 1, dealt.counts)
    Self.check(dealt.grid, seed)
    let after = dealt.grid.most
    #expect(after <= before)
  }

  @Test func manyDevicesAreSortedToo() {
    let loads = (0..<3000).map { Float($0 % 97 + 1) }
    let dealt = Dealt(loads, devices: 1000, slots: 3)
    dealt.grid.level(to: 1.02, dealt.counts)
    Self.check(dealt.grid, 0)
    let most = dealt.grid.most
    #expect(most < 1.05)
  }
}

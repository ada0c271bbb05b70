/// Devices with equally many slots, filled with the copies of one layer.
struct SlotGrid: ~Copyable {
  let devices: Int
  let slots: Int
  /// Places a device's slots take in `carried`: a multiple of four.
  let stride: Int

  /// `[device][slot]`: the expert held.
  let experts: Row<Int32>
  /// `[device][slot]`: what the slot carries; places past the last slot carry less than nothing, so nobody wants them.
  let carried: Row<Float>
  /// `[device]`: what its slots carry.
  let loads: Row<Float>
  /// The devices, least load first.
  let order: Row<Int32>
  private let spare: Row<Int32>
  private let keys: Row<Float>
  let pairs: SlotPairs

  init(devices: Int, slots: Int) {
    self.devices = devices
    self.slots = slots
    stride = (slots + 3) / 4 * 4
    experts = Row(repeating: 0, count: devices * slots)
    carried = Row(repeating: -1e15, count: devices * stride)
    loads = Row(repeating: 0, count: devices)
    order = Row(repeating: 0, count: devices)
    spare = Row(repeating: 0, count: devices)
    keys = Row(repeating: 0, count: devices)
    pairs = SlotPairs(slots: slots)
  }

  /// What the heaviest device carries.
  var most: Float { loads[Int(order[devices - 1])] }

  /// Deals the copies out in rounds: in each, every device gets one, the least loaded the heaviest.
  func deal(_ copies: borrowing CopyList) {
    for device in 0..<devices {
      loads[device] = 0
      order[device] = Int32(truncatingIfNeeded: device)
    }
    for round in 0..<slots {
      let first = round * devices
      // Copies of one expert stand together and are no more than the devices, so only the first of a round can meet a
      // device that holds another: from the round before.
      if round > 0, copies.experts[first] == copies.experts[first - 1] { part(copies, round) }
      for index in 0..<devices {
        let device = Int(order[index])
        let load = copies.loads[first &+ index]
        experts[device &* slots &+ round] = copies.experts[first &+ index]
        carried[device &* stride &+ round] = load
        loads[device] += load
      }
      if round == 0 { reverse() }
      sortDevices()
    }
  }

  /// After the first round the least loaded stand last.
  private func reverse() {
    for index in 0..<devices / 2 {
      let device = order[index]
      order[index] = order[devices &- 1 &- index]
      order[devices &- 1 &- index] = device
    }
  }

  /// Brings as many devices without the first expert of the round to the front as it has copies there, both parts in
  /// their order.
  private func part(_ copies: borrowing CopyList, _ round: Int) {
    let expert = copies.experts[round * devices]
    var needed = 0
    while needed < devices, copies.experts[round * devices + needed] == expert { needed += 1 }
    var taken = 0
    var left = 0
    for index in 0..<devices {
      let device = order[index]
      if taken < needed, experts[Int(device) * slots + round - 1] != expert {
        order[taken] = device
        taken += 1
      } else {
        spare[left] = device
        left += 1
      }
    }
    for index in 0..<left { order[taken + index] = spare[index] }
  }

  /// Orders the devices by load, equal ones as they stood: runs by insertion, which are merged, each time twice as long.
  private func sortDevices() {
    var start = 0
    while start < devices {
      sortRun(start..<min(start &+ Self.run, devices))
      start &+= Self.run
    }
    var width = Self.run
    while width < devices {
      var start = 0
      while start &+ width < devices {
        merge(start, start &+ width, min(start &+ 2 &* width, devices))
        start &+= 2 &* width
      }
      width &*= 2
    }
  }

  private static var run: Int { 64 }

  private func merge(_ start: Int, _ middle: Int, _ end: Int) {
    let length = middle &- start
    for index in 0..<length { spare[index] = order[start &+ index] }
    var left = 0
    var right = middle
    var place = start
    while left < length {
      let device = spare[left]
      if right < end, loads[Int(order[right])] < loads[Int(device)] {
        order[place] = order[right]
        right &+= 1
      } else {
        order[place] = device
        left &+= 1
      }
      place &+= 1
    }
  }

  private func sortRun(_ run: Range<Int>) {
    for index in run {
      let device = order[index]
      let load = loads[Int(device)]
      var place = index
      while place > run.lowerBound, keys[place &- 1] > load {
        keys[place] = keys[place &- 1]
        order[place] = order[place &- 1]
        place &-= 1
      }
      keys[place] = load
      order[place] = device
    }
  }
}

/// The fewest tokens the busiest device of a layer can have, however the copies divide them.
///
/// Exact: the least limit under which a flow from experts to the devices that hold them carries every token.
struct LeastMaximum {
  private let holders: [[Int]]
  private let tokens: [Int]
  private let devices: Int

  /// A layer as `[device][expert]` and the tokens of each expert.
  init(devices: [[Int]], tokens: [Int]) {
    var holders = Array(repeating: [Int](), count: tokens.count)
    for (device, experts) in devices.enumerated() { for expert in experts { holders[expert].append(device) } }
    self.holders = holders
    self.tokens = tokens
    self.devices = devices.count
  }

  var value: Int {
    var low = 0
    var high = tokens.reduce(0, +)
    while low < high {
      let middle = (low + high) / 2
      if fits(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private func fits(_ limit: Int) -> Bool {
    var loads = Array(repeating: 0, count: devices)
    var given = holders.map { Array(repeating: 0, count: $0.count) }
    for expert in tokens.indices {
      var left = tokens[expert]
      while left > 0 {
        guard let sent = push(from: expert, at: left, limit, &loads, &given) else { return false }
        left -= sent
      }
    }
    return true
  }

  /// Sends up to `amount` tokens along a shortest path of exchanges to a device with room.
  private func push(
    from expert: Int, at amount: Int, _ limit: Int, _ loads: inout [Int], _ given: inout [[Int]]
  ) -> Int? {
    // A step leads from a device to another by moving tokens of an expert that both hold.
    var cameFrom: [Int: (device: Int?, expert: Int)] = [:]
    var queue: [Int] = []
    for device in holders[expert] where cameFrom[device] == nil {
      cameFrom[device] = (nil, expert)
      queue.append(device)
    }
    var next = 0
    while next < queue.count, loads[queue[next]] >= limit {
      let device = queue[next]
      next += 1
      for (other, held) in holders.enumerated() {
        guard let place = held.firstIndex(of: device), given[other][place] > 0 else { continue }
        for target in held where cameFrom[target] == nil {
          cameFrom[target] = (device, other)
          queue.append(target)
        }
      }
    }
    guard next < queue.count else { return nil }
    return shift(to: queue[next], cameFrom, amount, limit, &loads, &given)
  }

  private func shift(
    to end: Int, _ cameFrom: [Int: (device: Int?, expert: Int)], _ amount: Int, _ limit: Int, _ loads: inout [Int],
    _ given: inout [[Int]]
  ) -> Int {
    var steps: [(expert: Int, from: Int?, to: Int)] = []
    var device: Int? = end
    while let here = device, let step = cameFrom[here] {
      steps.append((step.expert, step.device, here))
      device = step.device
    }
    var sent = min(amount, limit - loads[end])
    for step in steps {
      guard let from = step.from, let place = holders[step.expert].firstIndex(of: from) else { continue }
      sent = min(sent, given[step.expert][place])
    }
    for step in steps {
      if let place = holders[step.expert].firstIndex(of: step.to) { given[step.expert][place] += sent }
      if let from = step.from, let place = holders[step.expert].firstIndex(of: from) {
        given[step.expert][place] -= sent
      }
    }
    loads[end] += sent
    return sent
  }
}

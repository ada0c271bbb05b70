/// The least maximum to which token counts can be spread over the devices that may take them.
///
/// Exact up to `tolerance`: bisection over the maximum, a maximum flow deciding each one.
enum MinMaxFlow {
  static func optimum(loads: [Double], devices: [[Int]], deviceCount: Int, tolerance: Double = 1e-4) -> Double {
    let total = loads.reduce(0, +)
    var low = total / Double(deviceCount)
    var high = total
    while high - low > tolerance * max(1, low) {
      let middle = (low + high) / 2
      if flow(loads, devices, deviceCount, limit: middle) >= total - 1e-6 { high = middle } else { low = middle }
    }
    return high
  }

  /// Tokens that reach devices when each takes at most `limit`: augmenting along shortest paths.
  private static func flow(_ loads: [Double], _ devices: [[Int]], _ deviceCount: Int, limit: Double) -> Double {
    var network = FlowNetwork(nodes: loads.count + deviceCount + 2)
    let source = loads.count + deviceCount
    for (expert, load) in loads.enumerated() {
      network.connect(source, expert, load)
      for device in devices[expert] { network.connect(expert, loads.count + device, .infinity) }
    }
    for device in 0..<deviceCount { network.connect(loads.count + device, source + 1, limit) }
    return network.maximumFlow(from: source, to: source + 1)
  }
}

private struct FlowNetwork {
  private var ends: [Int] = []
  private var room: [Double] = []
  private var edges: [[Int]]

  init(nodes: Int) { edges = Array(repeating: [], count: nodes) }

  mutating func connect(_ from: Int, _ to: Int, _ capacity: Double) {
    for (node, end, capacity) in [(from, to, capacity), (to, from, 0)] {
      edges[node].append(ends.count)
      ends.append(end)
      room.append(capacity)
    }
  }

  mutating func maximumFlow(from source: Int, to target: Int) -> Double {
    var total = 0.0
    while let path = shortestPath(from: source, to: target) {
      let amount = path.map { room[$0] }.min() ?? 0
      for edge in path {
        room[edge] -= amount
        room[edge ^ 1] += amount
      }
      total += amount
    }
    return total
  }

  private func shortestPath(from source: Int, to target: Int) -> [Int]? {
    var reachedBy: [Int?] = Array(repeating: nil, count: edges.count)
    var queue = [source]
    var next = 0
    while next < queue.count, reachedBy[target] == nil {
      for edge in edges[queue[next]] where room[edge] > 1e-9 {
        guard reachedBy[ends[edge]] == nil, ends[edge] != source else { continue }
        reachedBy[ends[edge]] = edge
        queue.append(ends[edge])
      }
      next += 1
    }
    var path: [Int] = []
    var node = target
    while node != source {
      guard let edge = reachedBy[node] else { return nil }
      path.append(edge)
      node = ends[edge ^ 1]
    }
    return path
  }
}

import BallastRuntime

/// Searches a better placement of one layer, where every device holds a fixed number of replicas and touching a
/// replica costs nothing.
///
/// Judges by all scenarios at once: each is divided over the replicas so that its busiest device is as idle as can be.
struct ReplicaSearch {
  // Algorithm: local search by exchanges, best first. A division is found by evening the two ends of every edge of the
  // replica graph in turn; its dual, the devices the busiest cannot give to, bounds what an exchange can gain
  // (`ReplicaSearch+Exchanges`), so that few are tried. Scenarios are the elements of one vector, so a step over an
  // edge evens it under each of them.
  //
  // Units: under each scenario the mean device time is 1.

  /// Replicas of one expert on two devices, between which its tokens can be shared out.
  private struct Edge {
    let one: Int32
    let other: Int32
  }

  let experts: Int
  let devices: Int
  /// Places of each device: the places of device d are `d · places ..< (d + 1) · places`.
  let places: Int
  /// `[place]`: the expert there.
  private(set) var expertAt: [Int32]
  /// `[expert · devices + device]`: its place there, or -1.
  private(set) var placeOf: [Int32]
  /// `[expert]`: how many replicas it has.
  private(set) var copies: [Int32]
  /// `[expert · devices + device]`: whether a replica there needs no staging.
  let isKept: [Bool]
  /// `[expert]`: whether its replicas stay as they are.
  let isPinned: [Bool]
  /// `[device]`: time of a token, relative to the average device.
  let pace: [Float]

  /// `[expert]`: tokens, in units of the mean device time.
  let load: [ScenarioVector]
  /// Shares of the scenarios in the judgement; unused elements are 0.
  let weight: ScenarioVector
  /// Share of the judgement that goes to the scenario nineteen in twenty do not exceed.
  let tailShare: Float

  /// `[device]`: time.
  private(set) var times: [ScenarioVector]
  /// `[place]`: tokens.
  private(set) var tokens: [ScenarioVector]
  /// Time of the busiest device.
  private(set) var longest: ScenarioVector = .zero
  /// What is minimised: the busiest device's time over the scenarios.
  private(set) var score: Float = 0
  private var edges: [Edge] = []

  // Scratch of a trial.
  private var trialTimes: [ScenarioVector]
  private var trialTokens: [ScenarioVector]
  private var trialEdges: [Edge] = []

  /// Sweeps over the edges until nothing moves, at most this many.
  private static let sweeps = 40
  private static let trialSweeps = 6
  /// Most scenarios that are looked at: the heaviest.
  static let scenarioLimit = ScenarioVector.scalarCount

  /// A search from `start`.
  ///
  /// - Parameters:
  ///   - start: `[device · places + place]` experts, no expert twice on a device.
  ///   - kept: `(expert, device)` pairs that need no staging.
  ///   - experts: Experts of the layer.
  ///   - speeds: `[device]` relative speeds.
  ///   - loads: `[scenario][expert]` tokens.
  ///   - weights: `[scenario]` weights.
  ///   - tailShare: Share of the judgement given to the tail of the scenarios.
  ///   - pinned: Experts whose replicas stay as they are.
  init(
    start: [Int], kept: [(Int, Int)], experts: Int, speeds: [Double], loads: [[Double]], weights: [Double],
    tailShare: Double = 0, pinned: Set<Int> = []
  ) {
    isPinned = (0..<experts).map { pinned.contains($0) }
    self.experts = experts
    self.tailShare = Float(tailShare)
    devices = speeds.count
    places = start.count / max(speeds.count, 1)
    expertAt = start.map { Int32($0) }
    var placeOf = Array(repeating: Int32(-1), count: experts * speeds.count)
    var copies = Array(repeating: Int32(0), count: experts)
    for (place, expert) in start.enumerated() {
      placeOf[expert * speeds.count + place / places] = Int32(place)
      copies[expert] += 1
    }
    self.placeOf = placeOf
    self.copies = copies
    var isKept = Array(repeating: false, count: experts * speeds.count)
    for (expert, device) in kept { isKept[expert * speeds.count + device] = true }
    self.isKept = isKept
    let meanSpeed = speeds.reduce(0, +) / Double(max(speeds.count, 1))
    pace = speeds.map { Float(meanSpeed / $0) }
    (load, weight) = Self.vectors(loads, weights, experts: experts, devices: speeds.count)
    times = Array(repeating: .zero, count: speeds.count)
    tokens = Array(repeating: .zero, count: start.count)
    trialTimes = times
    trialTokens = tokens
    solve()
  }

  /// The heaviest scenarios as vectors: `[expert]` tokens in units of the mean device time, and shares of the judgement.
  private static func vectors(
    _ loads: [[Double]], _ weights: [Double], experts: Int, devices: Int
  ) -> (load: [ScenarioVector], weight: ScenarioVector) {
    let heaviest = loads.indices.sorted { (weights[$1], $0) < (weights[$0], $1) }.prefix(scenarioLimit)
    let sum = heaviest.reduce(0) { $0 + weights[$1] }
    var load = Array(repeating: ScenarioVector.zero, count: experts)
    var weight = ScenarioVector.zero
    for (element, scenario) in heaviest.enumerated() {
      let total = loads[scenario].reduce(0, +)
      guard total > 0, sum > 0 else { continue }
      let unit = Double(devices) / total
      for expert in 0..<experts { load[expert][element] = Float(loads[scenario][expert] * unit) }
      weight[element] = Float(weights[scenario] / sum)
    }
    return (load, weight)
  }

  // MARK: Dividing

  /// Divides every scenario over the placement as it is, from an even split on.
  private mutating func solve() {
    for device in 0..<devices { times[device] = .zero }
    edges.removeAll(keepingCapacity: true)
    for place in expertAt.indices {
      let expert = Int(expertAt[place])
      tokens[place] = load[expert] / Float(copies[expert])
      times[place / places] += tokens[place] * pace[place / places]
    }
    for expert in 0..<experts where copies[expert] > 1 { joinReplicas(of: expert, &edges) }
    longest = even(edges, &times, &tokens, sweeps: Self.sweeps)
    score = judgement(longest)
  }

  /// Adds the edges between replicas of one expert: a ring, or a single edge.
  private func joinReplicas(of expert: Int, _ edges: inout [Edge]) {
    var first: Int32 = -1
    var last: Int32 = -1
    for device in 0..<devices {
      let place = placeOf[expert * devices + device]
      guard place >= 0 else { continue }
      if last >= 0 { edges.append(Edge(one: last, other: place)) } else { first = place }
      last = place
    }
    if copies[expert] > 2 { edges.append(Edge(one: last, other: first)) }
  }

  /// Evens the two ends of every edge in turn, until the busiest device stays.
  private func even(
    _ edges: [Edge], _ times: inout [ScenarioVector], _ tokens: inout [ScenarioVector], sweeps: Int
  ) -> ScenarioVector {
    var before = Self.highest(times)
    for _ in 0..<sweeps {
      for edge in edges {
        let one = Int(edge.one)
        let other = Int(edge.other)
        let here = one / places
        let there = other / places
        let flow = ((times[there] - times[here]) / (pace[here] + pace[there])).atLeast(-tokens[one]).atMost(
          tokens[other])
        tokens[one] += flow
        tokens[other] -= flow
        times[here] += flow * pace[here]
        times[there] -= flow * pace[there]
      }
      let after = Self.highest(times)
      let hasMoved = any((before - after) .> before * 1e-4)
      before = after
      if !hasMoved { break }
    }
    return before
  }

  private static func highest(_ times: [ScenarioVector]) -> ScenarioVector {
    times.reduce(.zero) { $0.atLeast($1) }
  }

  private func judgement(_ longest: ScenarioVector) -> Float {
    let mean = (weight * longest).total
    guard tailShare > 0 else { return mean }
    return (1 - tailShare) * mean + tailShare * longest[tail(longest)]
  }

  /// The scenario that nineteen twentieths of the weight do not exceed.
  func tail(_ longest: ScenarioVector) -> Int {
    let used = (0..<Self.scenarioLimit).filter { weight[$0] > 0 }.sorted { (longest[$0], $0) < (longest[$1], $1) }
    var sum: Float = 0
    for scenario in used {
      sum += weight[scenario]
      if sum >= 0.95 - 1e-6 { return scenario }
    }
    return used.last ?? 0
  }

  // MARK: Exchanging

  /// Whether the exchange can still be made, after others were.
  func isPossible(_ exchange: ReplicaExchange) -> Bool {
    let place = exchange.first.place
    guard placeOf[exchange.first.expert * devices + place / places] < 0 else { return false }
    guard let second = exchange.second else { return copies[Int(expertAt[place])] > 1 }
    return expertAt[second.place] == exchange.first.expert && expertAt[place] == second.expert
      && placeOf[second.expert * devices + second.place / places] < 0
  }

  /// What the score would fall by, the price taken off.
  mutating func gain(of exchange: ReplicaExchange) -> Float {
    let one = Int(expertAt[exchange.first.place])
    let other = exchange.first.expert
    for device in 0..<devices { trialTimes[device] = times[device] }
    for place in tokens.indices { trialTokens[place] = tokens[place] }
    trialEdges.removeAll(keepingCapacity: true)
    for edge in edges where expertAt[Int(edge.one)] != one && expertAt[Int(edge.one)] != other {
      trialEdges.append(edge)
    }
    shareOut(one, sign: -1)
    shareOut(other, sign: -1)
    let back = put(exchange)
    shareOut(one, sign: 1)
    shareOut(other, sign: 1)
    let after = even(trialEdges, &trialTimes, &trialTokens, sweeps: Self.trialSweeps)
    _ = put(back)
    return score - judgement(after) - exchange.price
  }

  /// Takes an expert's tokens out of the trial, or shares them evenly among its replicas.
  private mutating func shareOut(_ expert: Int, sign: Float) {
    let share = load[expert] / Float(copies[expert])
    for device in 0..<devices {
      let place = Int(placeOf[expert * devices + device])
      guard place >= 0 else { continue }
      if sign < 0 {
        trialTimes[device] -= trialTokens[place] * pace[device]
        trialTokens[place] = .zero
      } else {
        trialTimes[device] += share * pace[device]
        trialTokens[place] = share
      }
    }
    if sign > 0, copies[expert] > 1 { joinReplicas(of: expert, &trialEdges) }
  }

  /// Makes the exchange.
  mutating func make(_ exchange: ReplicaExchange) {
    _ = put(exchange)
    solve()
  }

  /// Puts the experts where the exchange wants them; returns what undoes it.
  private mutating func put(_ exchange: ReplicaExchange) -> ReplicaExchange {
    let place = exchange.first.place
    let before = Int(expertAt[place])
    take(place)
    if let second = exchange.second {
      take(second.place)
      fill(second.place, second.expert)
    }
    fill(place, exchange.first.expert)
    return ReplicaExchange(
      first: ReplicaExchange.Half(place: place, expert: before),
      second: exchange.second.map { ReplicaExchange.Half(place: $0.place, expert: exchange.first.expert) },
      bound: 0, price: 0)
  }

  private mutating func take(_ place: Int) {
    let expert = Int(expertAt[place])
    placeOf[expert * devices + place / places] = -1
    copies[expert] -= 1
  }

  private mutating func fill(_ place: Int, _ expert: Int) {
    expertAt[place] = Int32(expert)
    placeOf[expert * devices + place / places] = Int32(place)
    copies[expert] += 1
  }

  /// Whether some scenario's tokens flow from one device to another along an edge: calls `visit` with both devices and
  /// the tokens at the first.
  func forEachEdge(_ visit: (_ here: Int, _ there: Int, _ tokens: ScenarioVector) -> Void) {
    for edge in edges {
      let one = Int(edge.one)
      let other = Int(edge.other)
      visit(one / places, other / places, tokens[one])
      visit(other / places, one / places, tokens[other])
    }
  }
}

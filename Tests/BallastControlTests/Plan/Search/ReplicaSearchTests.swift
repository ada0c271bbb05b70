import Testing

@testable import BallastControl

@Suite struct ReplicaSearchTests {
  private func search(
    _ start: [Int], experts: Int, devices: Int, loads: [[Double]], weights: [Double] = [1], tailShare: Double = 0
  ) -> ReplicaSearch {
    let places = start.count / devices
    return ReplicaSearch(
      start: start, kept: start.enumerated().map { ($1, $0 / places) }, experts: experts,
      speeds: Array(repeating: 1, count: devices), loads: loads, weights: weights, tailShare: tailShare)
  }

  /// The busiest device at the optimum over the mean: the worst set of devices, by all subsets.
  private func optimum(_ start: [Int], devices: Int, load: [Double]) -> Double {
    let places = start.count / devices
    var holders = Array(repeating: 0, count: load.count)
    for (place, expert) in start.enumerated() { holders[expert] |= 1 << (place / places) }
    var worst = 0.0
    for set in 1..<(1 << devices) {
      var stuck = 0.0
      for expert in load.indices where holders[expert] & ~set == 0 { stuck += load[expert] }
      worst = max(worst, stuck / Double(set.nonzeroBitCount))
    }
    let total = load.reduce(0, +)
    return worst / (total / Double(devices))
  }

  /// Experts on devices, none twice.
  private func placement(seed: UInt64, experts: Int, devices: Int, places: Int) -> [Int] {
    var random = SeededRandom(seed: seed)
    var devicesExperts = (0..<devices).map { device in (0..<experts).filter { $0 % devices == device } }
    for device in 0..<devices {
      while devicesExperts[device].count < places {
        let expert = Int.random(in: 0..<experts, using: &random)
        if !devicesExperts[device].contains(expert) { devicesExperts[device].append(expert) }
      }
    }
    return devicesExperts.flatMap { $0 }
  }

  @Test(arguments: UInt64(0)..<20) func dividesAsWellAsCanBe(seed: UInt64) {
    var random = SeededRandom(seed: seed + 50)
    let load = (0..<12).map { _ in Double(Int.random(in: 1...200, using: &random)) }
    let start = placement(seed: seed, experts: 12, devices: 4, places: 5)
    let found = search(start, experts: 12, devices: 4, loads: [load]).score
    let best = optimum(start, devices: 4, load: load)
    #expect(Double(found) >= best - 1e-3)
    #expect(Double(found) <= best * 1.005)
  }

  @Test(arguments: UInt64(0)..<10) func noExchangeGainsMoreThanItsBound(seed: UInt64) {
    var random = SeededRandom(seed: seed + 90)
    let loads = (0..<4).map { _ in (0..<12).map { _ in Double(Int.random(in: 1...200, using: &random)) } }
    let start = placement(seed: seed, experts: 12, devices: 4, places: 4)
    var search = search(start, experts: 12, devices: 4, loads: loads, weights: [1, 2, 3, 4])
    for exchange in search.exchanges(price: 0) {
      let gain = search.gain(of: exchange)
      #expect(gain <= exchange.bound + 0.01)
    }
  }

  @Test func tryingLeavesTheSearchAsItWas() throws {
    var search = search([0, 1, 2, 3], experts: 4, devices: 2, loads: [[9, 8, 1, 1]])
    let before = search.expertAt
    let exchange = try #require(search.exchanges(price: 0).first)
    let gain = search.gain(of: exchange)
    #expect(search.expertAt == before)
    let score = search.score
    search.make(exchange)
    #expect(abs(score - search.score - gain) < 1e-3)
    #expect(search.expertAt != before)
  }

  @Test func theTailCountsTheWorstScenario() {
    let loads = [[4.0, 4, 1, 1], [1, 1, 1, 1]]
    let mean = search([0, 1, 2, 3], experts: 4, devices: 2, loads: loads, weights: [1, 1])
    let tail = search([0, 1, 2, 3], experts: 4, devices: 2, loads: loads, weights: [1, 1], tailShare: 1)
    #expect(abs(mean.score - 1.3) < 1e-3)
    #expect(abs(tail.score - 1.6) < 1e-3)
  }

  @Test func aFasterDeviceTakesMore() {
    let search = ReplicaSearch(
      start: [0, 1, 0, 1], kept: [], experts: 2, speeds: [3, 1], loads: [[50, 50]], weights: [1])
    #expect(abs(search.score - 1) < 1e-3)
  }
}

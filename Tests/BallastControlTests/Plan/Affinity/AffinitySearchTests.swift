import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct AffinitySearchTests {
  /// Link prices from hardly any to nothing else.
  private static let prices = [
    LinkPrice(near: 0.05, far: 0.2), LinkPrice(near: 1, far: 2), LinkPrice(near: 1e6, far: 2e6),
  ]

  @Test(arguments: 0..<24)
  func equalsBruteForceOnTinyCases(seed: Int) throws {
    let (layers, experts, devices) = [(3, 4, 2), (2, 6, 3), (4, 4, 2), (2, 6, 2)][seed % 4]
    let model = try AffineModel.random(
      seed: UInt64(seed), layers: layers, experts: experts, devices: devices, price: Self.prices[seed / 4 % 3])
    let search = try #require(model.search)
    let found = search.objective(search.improved(model.start).layers)
    let least = model.leastObjective(search)
    #expect(abs(found - least) <= least * 1e-9, "seed \(seed): \(found) of \(least)")
  }

  @Test(arguments: 0..<16)
  func theObjectiveNeverRisesAndCountsStay(seed: Int) throws {
    let model = try AffineModel.random(
      seed: UInt64(seed), layers: 4, experts: 16, devices: 4, nodes: 2, price: Self.prices[seed % 3])
    let search = try #require(model.search)
    let next = search.improved(model.start)
    #expect(search.objective(next.layers) <= search.objective(model.start.layers) * (1 + 1e-12), "seed \(seed)")
    #expect(model.counts(next) == model.counts(model.start), "seed \(seed)")
    try next.check(shape: model.shape, topology: model.topology)
    #expect(search.improved(model.start) == next, "seed \(seed)")
  }

  @Test(arguments: [(8, 2, 1), (16, 4, 2), (32, 4, 3), (32, 8, 4)] as [(Int, Int, UInt64)])
  func plantedBlocksAreFound(experts: Int, devices: Int, seed: UInt64) throws {
    let model = try AffineModel.planted(
      seed: seed, layers: 5, experts: experts, devices: devices, price: LinkPrice(near: 1, far: 1))
    let search = try #require(model.search)
    let before = try #require(model.moves(model.start))
    let after = try #require(model.moves(search.improved(model.start)))
    #expect(before.betweenDevices > 1)
    #expect(after.betweenDevices == 0)
  }

  @Test func whatIsFoundStays() throws {
    let model = try AffineModel.planted(seed: 1, layers: 4, experts: 16, devices: 4, price: LinkPrice(near: 1, far: 1))
    let search = try #require(model.search)
    let found = search.improved(model.start)
    #expect(search.improved(found) == found)
  }

  @Test func copiesNeverMeetOnADevice() throws {
    let model = try AffineModel.random(
      seed: 9, layers: 3, experts: 8, devices: 4, price: LinkPrice(near: 50, far: 50))
    let start = Placement(
      layers: model.start.layers.map { layer in
        LayerPlacement(layer.replicas + (0..<4).map { Replica($0 * 2, on: ($0 + 2) % 4) })
      })
    let search = try #require(model.search)
    let next = search.improved(start)
    try next.check(shape: model.shape, topology: model.topology)
    #expect(model.counts(next) == model.counts(start))
    #expect(search.objective(next.layers) < search.objective(start.layers))
  }

  @Test func withoutAffinityOrPriceThereIsNoSearch() throws {
    var model = try AffineModel.random(seed: 1, layers: 2, experts: 4, devices: 2, price: .free)
    #expect(model.search == nil)
    model.price = LinkPrice(near: 1, far: 1)
    model.estimate.affinity = nil
    #expect(model.search == nil)
  }

  @Test(arguments: 0..<18)
  func equalsBruteForceOnTinyCasesWithRounds(seed: Int) throws {
    let (layers, experts, devices) = [(1, 6, 3), (2, 4, 2), (1, 8, 2)][seed % 3]
    let model = try AffineModel.random(
      seed: UInt64(seed), layers: layers, experts: experts, devices: devices,
      nodes: devices % 2 == 0 ? seed / 3 % 2 + 1 : 1, rounds: 2,
      price: Self.prices[seed / 6])
    let search = try #require(model.search)
    let found = search.objective(search.improved(model.start).layers)
    let least = model.leastObjective(search)
    #expect(abs(found - least) <= least * 1e-9, "seed \(seed): \(found) of \(least)")
  }

  @Test(arguments: [(8, 2, 4), (16, 4, 2), (32, 8, 3)] as [(Int, Int, UInt64)])
  func plantedBlocksAreFoundWithRounds(experts: Int, devices: Int, seed: UInt64) throws {
    for layers in [1, 4] {
      let model = try AffineModel.planted(
        seed: seed, layers: layers, experts: experts, devices: devices, rounds: 2, price: LinkPrice(near: 1, far: 1))
      let search = try #require(model.search)
      let before = try #require(model.moves(model.start))
      let after = try #require(model.moves(search.improved(model.start)))
      #expect(before.betweenDevices > 0.2 && after.betweenDevices == 0, "\(layers) layers")
    }
  }

  @Test(arguments: 0..<6)
  func copiesAndRoundsTogetherNeverRaiseTheObjective(seed: Int) throws {
    let model = try AffineModel.random(
      seed: UInt64(seed), layers: 2, experts: 8, devices: 4, nodes: 2, rounds: 3, price: LinkPrice(near: 50, far: 80))
    let start = Placement(
      layers: model.start.layers.map { layer in
        LayerPlacement(layer.replicas + (0..<4).map { Replica($0 * 2, on: ($0 + 2) % 4) })
      })
    let search = try #require(model.search)
    let next = search.improved(start)
    try next.check(shape: model.shape, topology: model.topology)
    #expect(model.counts(next) == model.counts(start))
    #expect(search.objective(next.layers) < search.objective(start.layers))
  }
}

import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct RoundLinksTests {
  private func model(seed: Int, experts: Int = 6, devices: Int = 4) throws -> AffineModel {
    try AffineModel.random(
      seed: UInt64(seed), layers: 1, experts: experts, devices: devices, nodes: 2, rounds: 2,
      price: LinkPrice(near: 2, far: 5))
  }

  private func links(_ model: AffineModel, _ layer: LayerPlacement) throws -> RoundLinks {
    let affinity = try #require(model.estimate.affinity)
    return try #require(RoundLinks(LayerID(0), layer, affinity, model.price, model.topology))
  }

  /// Every expert somewhere, every second one twice.
  private func layer(seed: Int) -> LayerPlacement {
    var random = SeededRandom(seed: UInt64(seed))
    return LayerPlacement(
      (0..<6).flatMap { expert in
        (0..<4).shuffled(using: &random).prefix(expert % 2 + 1).map { Replica(expert, on: $0) }
      })
  }

  /// Σ tokens · price over every pair of places, one after the other.
  private func plain(_ model: AffineModel, _ layer: LayerPlacement) throws -> Double {
    let own = try #require(model.estimate.affinity?.transitions.last)
    var sum = 0.0
    for source in layer.replicas {
      for target in layer.replicas {
        let shares = layer.replicas(of: source.expert).count * layer.replicas(of: target.expert).count
        sum +=
          own.tokens[source.expert.index * 6 + target.expert.index] / Double(shares)
          * model.price.nanoseconds(from: source.device, to: target.device, in: model.topology)
      }
    }
    return sum
  }

  private func isNear(_ one: Double, _ other: Double) -> Bool { abs(one - other) <= 1e-9 * max(abs(one), 1) }

  @Test(arguments: 0..<8) func aLayerCostsWhatItsPairsCost(seed: Int) throws {
    let model = try model(seed: seed)
    let layer = layer(seed: seed)
    #expect(isNear(try links(model, layer).cost(layer), try plain(model, layer)))
    // Of another placement than the one looked at, too.
    #expect(isNear(try links(model, self.layer(seed: seed + 50)).cost(layer), try plain(model, layer)))
  }

  @Test(arguments: 0..<8) func anExchangeSparesWhatIsForetold(seed: Int) throws {
    let model = try model(seed: seed)
    let layer = layer(seed: seed)
    var links = try links(model, layer)
    let shares = LinkTable.shares(layer, 6)
    func share(_ replica: Replica) -> Double { 1 / Double(shares[replica.expert.index].count) }
    var tried = 0
    for first in layer.replicas {
      for second in layer.replicas where first.device < second.device && first.expert != second.expert {
        let change = LayerChange(
          layer: LayerID(0), removed: [first, second],
          added: [
            Replica(first.expert.index, on: second.device.index), Replica(second.expert.index, on: first.device.index),
          ])
        let alone = { (replica: Replica, other: Replica) in
          links.cost(replica.expert, on: replica.device, share: share(replica))
            - links.cost(replica.expert, on: other.device, share: share(replica))
        }
        let foretold =
          alone(first, second) + alone(second, first)
          + links.correction(
            (first.expert, share(first)), (second.expert, share(second)), first.device, second.device)
        let spared = try plain(model, layer) - plain(model, layer.applying(change))
        #expect(isNear(foretold, spared), "\(first) \(second)")
        tried += 1
      }
    }
    #expect(tried > 10)
    // What has moved is known.
    let moved = layer.replicas[0]
    let target = DeviceID((moved.device.index + 1) % 4)
    links.relocate(moved.expert, share: share(moved), from: moved.device, to: target)
    let next = layer.applying(
      LayerChange(layer: LayerID(0), removed: [moved], added: [Replica(moved.expert.index, on: target.index)]))
    let anew = try self.links(model, next)
    for (kept, fresh) in zip(links.nanoseconds, anew.nanoseconds) { #expect(isNear(kept, fresh)) }
  }

  @Test func oneRoundCostsNothing() throws {
    let model = try AffineModel.random(seed: 1, layers: 2, experts: 4, devices: 2, price: LinkPrice(near: 1, far: 1))
    let affinity = try #require(model.estimate.affinity)
    #expect(RoundLinks(LayerID(0), model.start.layers[0], affinity, model.price, model.topology) == nil)
  }
}

import BallastControl
import Testing

@Suite struct ReplicaMapsTests {
  /// The example of the published load balancer: two layers, twelve experts.
  private static let weights: [[Double]] = [
    [90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86], [20, 107, 104, 64, 19, 197, 187, 157, 172, 86, 16, 27],
  ]
  /// Its answer for 16 replicas, 4 groups, 2 nodes and 8 devices.
  private static let published = [
    [5, 6, 5, 7, 8, 4, 3, 4, 10, 9, 10, 2, 0, 1, 11, 1], [7, 10, 6, 8, 6, 11, 8, 9, 2, 4, 5, 1, 5, 0, 3, 1],
  ]

  private static func rows(_ maps: ReplicaMaps) -> [[Int]] {
    (0..<maps.layers).map { Array(maps.physicalToLogical[$0 * maps.copies..<($0 + 1) * maps.copies]) }
  }

  @Test func thePublishedExampleIsBalancedAtLeastAsWell() throws {
    let maps = try ReplicaMaps.rebalance(weights: Self.weights, copies: 16, groups: 4, nodes: 2, devices: 8)
    for (layer, row) in Self.rows(maps).enumerated() {
      let ours = PackerTests.imbalance(row, Self.weights[layer], devices: 8)
      let theirs = PackerTests.imbalance(Self.published[layer], Self.weights[layer], devices: 8)
      #expect(ours <= theirs + 1e-9, "layer \(layer)")
      #expect(abs(ours - maps.imbalance[layer]) < 1e-6)
      // Groups of three stay on one node.
      for node in 0..<2 {
        #expect(Set(row[node * 8..<(node + 1) * 8].map { $0 / 3 }).count == 2)
      }
    }
    #expect(Self.rows(maps) == Self.golden)
  }

  @Test func withOneNodeAnExpertMayGoAnywhere() throws {
    let global = try ReplicaMaps.rebalance(weights: Self.weights, copies: 16, groups: 1, nodes: 1, devices: 8)
    let grouped = try ReplicaMaps.rebalance(weights: Self.weights, copies: 16, groups: 4, nodes: 1, devices: 8)
    let hierarchical = try ReplicaMaps.rebalance(weights: Self.weights, copies: 16, groups: 4, nodes: 2, devices: 8)
    #expect(global == grouped)
    for layer in 0..<2 { #expect(global.imbalance[layer] <= hierarchical.imbalance[layer] + 1e-9) }
  }

  @Test func theMapsAgree() throws {
    let maps = try ReplicaMaps.rebalance(weights: Self.weights, copies: 24, groups: 4, nodes: 2, devices: 8)
    #expect(maps.counts.reduce(0, +) == 48 && maps.mostCopies == maps.counts.max())
    for layer in 0..<2 {
      for expert in 0..<12 {
        let row = (layer * 12 + expert) * maps.mostCopies
        let places = Array(maps.logicalToPhysical[row..<row + maps.mostCopies])
        let count = maps.counts[layer * 12 + expert]
        #expect(places.suffix(maps.mostCopies - count).allSatisfy { $0 == -1 })
        #expect(places.prefix(count).elementsEqual(places.prefix(count).sorted()))
        #expect(places.prefix(count).allSatisfy { maps.physicalToLogical[layer * 24 + $0] == expert })
      }
    }
  }

  @Test func nothingIsRefused() {
    #expect(throws: PackingError.outOfRange(name: "layers", value: 0, allowed: 1...Int.max)) {
      try ReplicaMaps.rebalance(weights: [], copies: 4, groups: 1, nodes: 1, devices: 4)
    }
    #expect(throws: PackingError.outOfRange(name: "experts", value: 0, allowed: 1...65_535)) {
      try ReplicaMaps.rebalance(weights: [[]], copies: 4, groups: 1, nodes: 1, devices: 4)
    }
  }

  private static let golden = [
    [5, 3, 5, 3, 4, 7, 8, 6, 10, 2, 10, 9, 0, 1, 11, 1], [7, 10, 6, 11, 6, 8, 8, 9, 5, 3, 5, 3, 1, 4, 2, 0],
  ]
}

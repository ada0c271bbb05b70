import Testing

@testable import BallastControl

@Suite struct LayerPackerTests {
  @Test func layersDoNotDependOnThoseBefore() {
    var random = SeededRandom(seed: 7)
    let layers = (0..<5).map { _ in (0..<40).map { _ in Double(Int.random(in: 0...900, using: &random)) } }
    var reused = LayerPacker(experts: 40, copies: 48, devices: 8)
    for layer in layers {
      var fresh = LayerPacker(experts: 40, copies: 48, devices: 8)
      reused.pack(layer)
      fresh.pack(layer)
      let (packed, expected) = (reused.packed(), fresh.packed())
      #expect(packed == expected)
      let (figures, others) = ([reused.imbalance, reused.lowerBound], [fresh.imbalance, fresh.lowerBound])
      #expect(figures == others)
    }
  }

  /// Copies counted so that the heaviest is lightest would put two heavy ones on one device.
  @Test func copiesAndPlacesAreChosenTogether() {
    let loads = (1...128).map { 1e6 / (Double($0) * Double($0).squareRoot()) }
    var packer = LayerPacker(experts: 128, copies: 144, devices: 16)
    packer.pack(loads)
    let (imbalance, bound) = (packer.imbalance, packer.lowerBound)
    #expect(imbalance < bound * 1.05)
  }
}

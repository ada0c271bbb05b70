import BallastControl
import Testing

@Suite struct ImbalanceBoundTests {
  @Test func theHeaviestCopyBoundsEvenShares() {
    // Six copies of four experts: 90 in three parts or 60 in one.
    #expect(abs(ImbalanceBound.layer([90, 60, 30, 20], copies: 6, devices: 2, split: .even) - 1) < 1e-9)
    #expect(abs(ImbalanceBound.layer([90, 4, 3, 3], copies: 4, devices: 2, split: .even) - 1.8) < 1e-9)
    #expect(abs(ImbalanceBound.layer([90, 4, 3, 3], copies: 6, devices: 2, split: .even) - 1) < 1e-9)
  }

  @Test func underDispatchAnExpertIsBoundByTheCopiesItCouldHave() {
    #expect(abs(ImbalanceBound.layer([90, 5, 5, 0], copies: 6, devices: 3, split: .dispatch) - 1) < 1e-9)
    #expect(abs(ImbalanceBound.layer([97, 1, 1, 1], copies: 5, devices: 5, split: .dispatch) - 2.425) < 1e-9)
    #expect(ImbalanceBound.layer([97, 1, 1, 1], copies: nil, devices: 5, split: .dispatch) == 1)
  }

  @Test func withoutLoadAllIsEven() {
    #expect(ImbalanceBound.layer([0, 0], copies: 2, devices: 2, split: .even) == 1)
    #expect(ImbalanceBound.layer([], copies: 2, devices: 2, split: .even) == 1)
  }

  @Test(arguments: 0..<40)
  func noPackingIsBelow(seed: Int) {
    var random = SeededRandom(seed: UInt64(seed) + 500)
    let loads = (0..<5).map { _ in Double(Int.random(in: 1...200, using: &random)) }
    let bound = ImbalanceBound.layer(loads, copies: 6, devices: 3, split: .even)
    #expect(bound <= PackerTests.optimum(loads, copies: 6, devices: 3) + 1e-9)
  }
}

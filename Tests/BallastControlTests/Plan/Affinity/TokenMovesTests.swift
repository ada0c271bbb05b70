import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct TokenMovesTests {
  @Test(arguments: [(8, 2), (16, 4), (32, 8)])
  func uniformAffinityMovesAsChanceWould(experts: Int, devices: Int) throws {
    let model = try AffineModel(
      layers: 5, experts: experts, devices: devices, nodes: 2, price: LinkPrice(near: 1, far: 2)
    ) { _, _, _ in 3 }
    let moves = try #require(model.moves(model.start))
    #expect(abs(moves.betweenDevices - 4 * (1 - 1 / Double(devices))) < 1e-9)
    #expect(abs(moves.betweenNodes - 2) < 1e-9)
    // Nothing can be gained, so nothing is.
    let search = try #require(model.search)
    let found = try #require(model.moves(search.improved(model.start)))
    #expect(abs(found.betweenDevices - moves.betweenDevices) < 1e-9)
  }

  @Test func copiesServeEqualShares() throws {
    let model = try AffineModel(layers: 2, experts: 2, devices: 2, price: .free) { $1 == $2 ? 5 : 0 * Double($0) }
    #expect(try #require(model.moves(model.start)).betweenDevices == 0)
    var copied = model.start
    copied.layers[1] = LayerPlacement([Replica(0, on: 0), Replica(0, on: 1), Replica(1, on: 1)])
    // Half of expert 0's tokens find their copy on the other device.
    #expect(try #require(model.moves(copied)).betweenDevices == 0.25)
  }

  @Test func everyRoundIsAWayToMove() throws {
    // Expert 0 hands all its tokens to expert 1, which keeps them; a token passes the layer three times.
    let model = try AffineModel(
      layers: 1, experts: 2, devices: 2, rounds: 3, price: .free, own: { [0, 10, 0, 10][$1 * 2 + $2] },
      tokens: { _, _, _ in 0 })
    #expect(try #require(model.moves(model.start)).betweenDevices == 1)
    var together = model.start
    together.layers[0] = LayerPlacement([Replica(0, on: 1), Replica(1, on: 1)])
    #expect(try #require(model.moves(together)).betweenDevices == 0)
    together.layers[0] = LayerPlacement([Replica(0, on: 0), Replica(1, on: 0), Replica(1, on: 1)])
    // Half of expert 0's tokens change, and half of those that stay with expert 1 meet its other copy.
    #expect(try #require(model.moves(together)).betweenDevices == 1)
  }
}

import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct FillDevicesTests {
  private func filled(_ replicas: [Replica], places: Int, tokens: [Double], devices: Int) throws -> [Replica] {
    var small = try SmallLayer(tokens: tokens, on: tokens.indices.map { $0 % devices })
    small.placement = Placement(layers: [LayerPlacement(replicas)])
    small.limits.replicasPerDevice = places
    return small.improved(by: FillDevices()).placement.layers[0].replicas
  }

  @Test func anEmptyDeviceTakesTheHeaviest() throws {
    let start = [Replica(0, on: 0), Replica(1, on: 0), Replica(2, on: 1), Replica(3, on: 1)]
    let filled = try filled(start, places: 2, tokens: [9, 1, 7, 1], devices: 3)
    #expect(filled == LayerPlacement(start + [Replica(0, on: 2), Replica(2, on: 2)]).replicas)
  }

  @Test func whatIsTooMuchIsHandedOnOrDropped() throws {
    let start = [
      Replica(0, on: 0), Replica(1, on: 0), Replica(2, on: 0), Replica(3, on: 1), Replica(0, on: 1), Replica(1, on: 2),
      Replica(2, on: 3), Replica(3, on: 3),
    ]
    let filled = try filled(start, places: 2, tokens: [4, 3, 5, 1], devices: 4)
    #expect((0..<4).map { device in filled.filter { $0.device.index == device }.count } == [2, 2, 2, 2])
    #expect(Set(filled.map(\.expert.index)) == [0, 1, 2, 3])
    #expect(LayerPlacement(filled).replicas.filter { start.contains($0) }.count == 7)
  }

  @Test func aPlacementThatWasNeverWholeIsLeftToPacking() throws {
    let start = [Replica(0, on: 0), Replica(1, on: 0), Replica(2, on: 0), Replica(3, on: 1)]
    #expect(try filled(start, places: 2, tokens: [1, 1, 1, 1], devices: 3) == LayerPlacement(start).replicas)
  }
}

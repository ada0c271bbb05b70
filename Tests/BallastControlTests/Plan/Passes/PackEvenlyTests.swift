import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct PackEvenlyTests {
  @Test func everyDeviceGetsItsReplicas() throws {
    var small = try SmallLayer(tokens: [90, 20, 10, 10], on: [0, 0, 1, 1])
    small.limits = .unlimited(devices: 2, replicasPerDevice: 3)
    let draft = small.improved(by: PackEvenly())
    try draft.placement.check(shape: small.shape, topology: small.topology)
    for device in 0..<2 {
      #expect(draft.placement.layers[0].replicas.filter { $0.device.index == device }.count == 3)
    }
  }

  @Test func aLayerThatHoldsWhatIsAskedForStaysUnlessAlways() throws {
    var small = try SmallLayer(tokens: [90, 80, 10, 10], on: [0, 0, 1, 1])
    small.limits = .unlimited(devices: 2, replicasPerDevice: 2)
    #expect(small.improved(by: PackEvenly()).placement == small.placement)
    #expect(small.improved(by: PackEvenly(always: true)).forecast(LayerID(0)).longest == 100)
  }

  @Test func devicesOfDifferentSpeedsArePackedByTime() throws {
    var small = try SmallLayer(tokens: [40, 30, 20, 10], on: [0, 0, 1, 1])
    small.topology = try Topology(
      devices: [1.0, 4.0].map { .init(memoryBytes: 1 << 30, relativeSpeed: $0) })
    small.limits = .unlimited(devices: 2, replicasPerDevice: 2)
    let greedy = small.improved(by: PackFromScratch(always: true))
    #expect(small.improved(by: PackEvenly(always: true)).placement == greedy.placement)
  }

  @Test(arguments: [nil, 0, 1, 5])
  func withoutANumberOfReplicasThatFitsItDoesNothing(places: Int?) throws {
    var small = try SmallLayer(tokens: [90, 80, 10, 10], on: [0, 0, 1, 1])
    small.limits = .unlimited(devices: 2, replicasPerDevice: places)
    #expect(small.improved(by: PackEvenly(always: true)).placement == small.placement)
  }
}

import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct RehomingTests {
  private func rehoming(
    _ small: SmallLayer, _ statuses: [DeviceStatus]
  ) throws -> Rehoming {
    try Rehoming(
      small.placement, shape: small.shape, topology: small.topology, tokens: small.estimate.tokensPerBatch,
      limits: small.limits, statuses: statuses)
  }

  @Test func onlyWhatWasLostIsStagedAnew() throws {
    // Device 2 held experts 2 and 3; expert 3 has a copy on device 0.
    var small = try SmallLayer(tokens: [40, 30, 20, 10], on: [0, 1, 2, 2])
    small.placement.layers[0] = LayerPlacement(small.placement.layers[0].replicas + [Replica(3, on: 0)])
    let rehomed = try rehoming(small, [.serving, .serving, .lost]).placement
    #expect(
      rehomed.layers[0].replicas == [Replica(0, on: 0), Replica(1, on: 1), Replica(2, on: 1), Replica(3, on: 0)])
    #expect(small.placement.copiesMoved(to: rehomed) == 1)
  }

  @Test func fastDevicesTakeTheHeavy() throws {
    var small = try SmallLayer(tokens: [10, 10, 90], on: [0, 1, 2])
    small.topology = try Topology(devices: [
      .init(memoryBytes: 1 << 30), .init(memoryBytes: 1 << 30, relativeSpeed: 4), .init(memoryBytes: 1 << 30),
    ])
    #expect(try rehoming(small, [.serving, .serving, .lost]).placement.layers[0].replicas.last == Replica(2, on: 1))
  }

  @Test func aLowerPrecisionIsTakenWhereTheFullOneHasNoRoom() throws {
    var small = try SmallLayer(tokens: [1, 1], on: [0, 1])
    small.limits.residentBytes = [3000, 3000]
    small.limits.precisions = [.bfloat16, .int8]
    #expect(
      try rehoming(small, [.serving, .lost]).placement.layers[0].replicas == [
        Replica(0, on: 0), Replica(1, on: 0, .int8),
      ])
  }

  @Test func surplusCopiesMakeRoom() throws {
    var small = try SmallLayer(tokens: [50, 1, 20], on: [0, 0, 2])
    small.placement.layers[0] = LayerPlacement([
      Replica(0, on: 0), Replica(1, on: 0), Replica(0, on: 1), Replica(1, on: 1), Replica(2, on: 2),
    ])
    small.limits.replicasPerDevice = 2
    let rehoming = try rehoming(small, [.serving, .serving, .lost])
    let replicas = rehoming.placement.layers[0].replicas
    #expect(replicas.count == 4)
    #expect(replicas.filter { $0.expert.index == 1 }.count == 1)
    #expect(replicas.contains { $0.expert.index == 2 })
    #expect(rehoming.leavingBytes.reduce(0, +) == 2000)
  }

  @Test func whatWasStoredIsStoredElsewhere() throws {
    var small = try SmallLayer(tokens: [9, 1, 1], on: [0, 1, 2])
    small.placement.layers[0] = LayerPlacement([Replica(0, on: 0), Replica(1, on: 1), .stored(2, on: 2)])
    #expect(
      try rehoming(small, [.serving, .serving, .lost]).placement.layers[0].replicas == [
        Replica(0, on: 0), Replica(1, on: 1), .stored(2, on: 1),
      ])
  }

  @Test func withoutRoomAnExpertIsStoredWhereThatIsAllowed() throws {
    var small = try SmallLayer(tokens: [1, 1], on: [0, 1])
    small.limits.residentBytes = [2500, 2500]
    small.limits.mayEvict = true
    #expect(
      try rehoming(small, [.serving, .lost]).placement.layers[0].replicas == [Replica(0, on: 0), .stored(1, on: 0)])
  }

  @Test func withoutRoomItIsRefused() throws {
    var small = try SmallLayer(tokens: [1, 1], on: [0, 1])
    small.limits.residentBytes = [2500, 2500]
    let lost = RehomingError.noRoomForLostExpert(
      layer: LayerID(0), expert: ExpertID(1), neededBytes: 2000, mostFreeBytes: 500)
    #expect(throws: lost) { try rehoming(small, [.serving, .lost]) }
    let drained = RehomingError.lastCopyCannotLeave(
      layer: LayerID(0), expert: ExpertID(1), device: DeviceID(1), neededBytes: 2000, mostFreeBytes: 500)
    #expect(throws: drained) { try rehoming(small, [.serving, .draining]) }
    for fragment in ["expert 1", "layer 0", "2000", "500"] {
      #expect(lost.description.contains(fragment) && drained.description.contains(fragment))
    }
  }
}

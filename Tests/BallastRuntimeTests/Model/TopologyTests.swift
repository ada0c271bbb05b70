import BallastRuntime
import Testing

@Suite struct TopologyTests {
  @Test func uniformDevicesFillNodesInOrder() throws {
    let topology = try Topology.uniform(devices: 6, nodes: 3, memoryBytesPerDevice: 100)
    #expect(topology.devices.map(\.node.index) == [0, 0, 1, 1, 2, 2])
    #expect(topology.nodes == 3)
    #expect(topology[DeviceID(5)].memoryBytes == 100)
  }

  @Test func deviceCountsHaveLimits() {
    #expect(throws: TopologyError.deviceCount(0)) { try Topology(devices: []) }
    for count in [0, -1, 65_536, Int.max] {
      #expect(throws: TopologyError.deviceCount(count)) {
        try Topology.uniform(devices: count, memoryBytesPerDevice: 1)
      }
    }
  }

  @Test func nodesMustDivideDevices() {
    for nodes in [0, -1, 4] {
      #expect(throws: TopologyError.unevenNodes(devices: 6, nodes: nodes)) {
        try Topology.uniform(devices: 6, nodes: nodes, memoryBytesPerDevice: 1)
      }
    }
  }

  @Test(arguments: [0, -1, .infinity]) func speedsMustBePositiveAndFinite(speed: Double) {
    #expect(throws: TopologyError.relativeSpeed(device: DeviceID(1), speed: speed)) {
      try Topology(devices: [
        Topology.Device(memoryBytes: 1), Topology.Device(memoryBytes: 1, relativeSpeed: speed),
      ])
    }
  }

  @Test func aSpeedThatIsNoNumberIsRefused() {
    #expect(throws: TopologyError.self) {
      try Topology(devices: [Topology.Device(memoryBytes: 1, relativeSpeed: .nan)])
    }
  }

  @Test func memoryMustNotBeNegative() {
    #expect(throws: TopologyError.memoryBytes(device: DeviceID(0), bytes: -1)) {
      try Topology.uniform(devices: 1, memoryBytesPerDevice: -1)
    }
  }

  @Test func transfersTakeTheLinkBetweenTheDevices() throws {
    let topology = try Topology.uniform(devices: 4, nodes: 2, memoryBytesPerDevice: 1)
    let cost = CostModel.mixed(activation: 0)
    #expect(cost.transferNanoseconds(bytes: 500, from: DeviceID(0), to: DeviceID(1), in: topology) == 500)
    #expect(cost.transferNanoseconds(bytes: 500, from: DeviceID(0), to: DeviceID(2), in: topology) == 5_000)
    #expect(CostModel.tokens.transferNanoseconds(bytes: 500, from: DeviceID(0), to: DeviceID(2), in: topology) == 0)
  }
}

import BallastRuntime
import Testing

@Suite struct CostModelTests {
  @Test func aTransferPaysTheLinkItTakes() throws {
    let topology = try Topology(
      devices: [0, 0, 1].map { Topology.Device(memoryBytes: 1, node: NodeID($0)) })
    let cost = CostModel.mixed(activation: 1)
    let from = DeviceID(0)
    #expect(cost.transferNanoseconds(bytes: 1000, from: from, to: DeviceID(1), in: topology) == 1000)
    #expect(cost.transferNanoseconds(bytes: 1000, from: from, to: DeviceID(2), in: topology) == 10_000)
    #expect(CostModel.tokens.transferNanoseconds(bytes: .max, from: from, to: DeviceID(2), in: topology) == 0)
  }
}

import BallastRuntime
import Testing

@testable import BallastOperations

@Suite struct SimulatedLayerTests {
  @Test func timeIsTheClustersWhateverTheLaw() async throws {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: 2, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .bfloat16)
    let cost = CostModel(
      activationNanoseconds: PerPrecision(repeating: 100), perTokenNanoseconds: PerPrecision(repeating: 10),
      linkBytesPerSecond: 1, nodeLinkBytesPerSecond: 1)
    let topology = try Topology.uniform(devices: 2, memoryBytesPerDevice: 100)
    let layer = try await SimulatedLayer(
      shape: shape, topology: topology, cost: cost, placement: .contiguous(shape: shape, topology: topology))
    var batch = Selection(expertsPerLayer: 2)
    let (ids, gates) = ([0, 0, 0, 1] as [UInt8], [1, 1, 1, 1] as [Float])
    try batch.append(experts: ids.span, gates: gates.span, expertsPerToken: 1, traits: TokenTraits(phase: .decode))
    for law in [cost, .tokens] {
      let step = try layer.steps([batch], law: law)[0]
      #expect(step.deviceTimes == [130, 110])
      #expect(step.longest == 130 && abs(step.imbalance - 260 / 240) < 1e-12)
    }
  }
}

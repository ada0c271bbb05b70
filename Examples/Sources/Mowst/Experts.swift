import Ballast
import BallastCPU
import BallastControl
import BallastRuntime

/// Both experts in one layer of a balancer, computed by the CPU executor.
struct Experts: ~Copyable {
  private var lane: Lane

  init(weak: NodeExpert, strong: NodeExpert) async throws {
    let dimensions = try ExpertDimensions(hidden: NodeExpert.width, inner: NodeExpert.inner)
    let shape = try dimensions.modelShape(layers: 1, expertsPerLayer: 2, expertsPerToken: 1, fullPrecision: .float32)
    let executor = try CPUExecutor(
      source: NodeWeights(experts: [weak, strong]), shape: shape, dimensions: dimensions,
      configuration: CPUExecutorConfiguration(devices: 1, memoryBytesPerDevice: 1 << 20))
    var configuration = BalancerConfiguration(mode: .observe)
    configuration.planner.memoryBudgetShare = 2
    configuration.planner.stagingReserveExperts = 0
    let balancer = try await Balancer(
      executor: executor, configuration: configuration, cost: .tokens,
      placement: .contiguous(shape: shape, topology: executor.topology))
    lane = try balancer.makeLane()
  }

  /// The logits one expert gives to some nodes, `[node][class]`.
  mutating func logits(_ expert: Int, of nodes: [Int], reading features: [Float]) throws -> [[Float]] {
    let width = NodeExpert.width
    let input = nodes.flatMap { features[$0 * width..<($0 + 1) * width] }
    var output = [Float](repeating: 0, count: input.count)
    let choices = [Int](repeating: expert, count: nodes.count)
    let gates = [Float](repeating: 1, count: nodes.count)
    var selection = Selection(expertsPerLayer: 2)
    try selection.append(
      experts: choices.span, gates: gates.span, expertsPerToken: 1, traits: TokenTraits(phase: .prefill))
    var span = output.mutableSpan
    try lane.serve(selection, layer: LayerID(0), input: input.span, output: &span)
    return nodes.indices.map { Array(output[$0 * width..<$0 * width + CitationGraph.classes]) }
  }
}

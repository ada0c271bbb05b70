import Ballast
import BallastControl
import BallastRuntime
import BallastSimulator

// Eight experts on four simulated devices, with room for half as many copies again.
let shape = try ModelShape(
  layers: 1, expertsPerLayer: 8, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 1000),
  fullPrecision: .bfloat16)
let topology = try Topology.uniform(devices: 4, memoryBytesPerDevice: 6000)
let cluster = SimulatedCluster(shape: shape, topology: topology, cost: .tokens, seed: 1)

var configuration = BalancerConfiguration()
configuration.planner.memoryBudgetShare = 3
configuration.planner.moveBudgetShare = 1
configuration.estimator.windowTokens = 64
let balancer = try await Balancer(executor: cluster, configuration: configuration)

// Three tokens in four choose expert 0, and all of them sit on device 0.
let experts: [Int32] = (0..<64).map { $0 % 4 == 0 ? Int32($0 / 4 % 8) : 0 }
let gates = [Float](repeating: 1, count: 64)
var selection = Selection(expertsPerLayer: 8)
try selection.append(
  experts: experts.span, gates: gates.span, expertsPerToken: 1, traits: TokenTraits(phase: .decode))

let hidden = [Float](repeating: 0, count: 64)
var combined = hidden
var lane = try balancer.makeLane()
for tick in 0..<4 {
  var output = combined.mutableSpan
  try lane.serve(selection, layer: LayerID(0), input: hidden.span, output: &output)
  print("batch \(tick): tokens on each device \(lane.lastDispatch.deviceEntries)")
  // A server calls `balancer.run()` in a task of its own instead.
  if let event = await balancer.tick(at: .milliseconds(100 * (tick + 1))) { print("  \(event.decision)") }
}

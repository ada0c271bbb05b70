import BallastControl
import BallastRuntime
import BallastSimulator
import Testing

@testable import BallastOperations

@Suite struct PauseBenchTests {
  private func makeCluster(experts: Int = 8) throws -> SimulatedCluster {
    let shape = try ModelShape(
      layers: 2, expertsPerLayer: experts, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 1_000),
      fullPrecision: .bfloat16)
    return try SimulatedCluster(
      shape: shape, topology: .uniform(devices: 2, memoryBytesPerDevice: 1 << 20), cost: .tokens, seed: 1)
  }

  private let settings = PauseBench.Settings(seconds: 0.2, phases: 2, periodMilliseconds: 10, tokens: 4, hidden: 2)

  @Test func servesWithAndWithoutPlans() async throws {
    let cluster = try makeCluster()
    let outcome = try await PauseBench(executor: cluster, settings: settings).run()
    #expect(outcome.quiet.count > 0 && outcome.plans.count > 0)
    #expect(outcome.plansApplied > 0)
    // Each plan stages a replica of either precision in both layers.
    #expect(outcome.bytesStaged == outcome.plansApplied * 4_000)
    #expect(outcome.figures.p999With <= outcome.figures.worst * 1.001)
    // What plans replaced is gone: one replica of each expert is left.
    #expect(cluster.memory.reduce(0) { $0 + $1.replicaBytes } == 16_000)
    for word in ["p50", "p99.9", "worst", "steps that waited"] { #expect(outcome.text.contains(word)) }
  }

  @Test func aStagingThatFailsIsSaid() async throws {
    let cluster = try makeCluster()
    let bench = try PauseBench(executor: cluster, settings: settings) {
      cluster.inject(.stagingsFail(next: 1 << 20, .cancelled))
    }
    do throws(BenchError) {
      _ = try await bench.run()
      Issue.record("plans were applied although staging fails")
    } catch {
      #expect("\(error)".contains("cancelled"))
    }
  }

  @Test func oneExpertCannotBeSwapped() throws {
    let cluster = try makeCluster(experts: 1)
    #expect(throws: BenchError.self) { try PauseBench(executor: cluster, settings: settings) }
  }
}

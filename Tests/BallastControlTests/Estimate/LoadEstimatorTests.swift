import BallastControl
import BallastRuntime
import Testing

@Suite struct LoadEstimatorTests {
  private func shape(layers: Int = 1, experts: Int = 2) throws -> ModelShape {
    try ModelShape(
      layers: layers, expertsPerLayer: experts, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .bfloat16)
  }

  /// `batches` equal batches of one phase, the same in every layer.
  private func window(
    _ shape: ModelShape, _ loads: [Int], batches: Int = 1, phase: Phase = .prefill
  ) -> LoadTotals {
    var totals = LoadTotals(layers: shape.layers, expertsPerLayer: shape.expertsPerLayer)
    for layer in 0..<shape.layers {
      for _ in 0..<batches { totals.add(loads, tokens: loads.reduce(0, +), phase: phase, layer: LayerID(layer)) }
    }
    return totals
  }

  private func samples(_ shape: ModelShape) -> SampleTotals {
    SampleTotals(layers: shape.layers, expertsPerLayer: shape.expertsPerLayer)
  }

  private func placement(_ shape: ModelShape, precision: Precision = .bfloat16) throws -> Placement {
    let start = Placement.contiguous(shape: shape, topology: try .uniform(devices: 1, memoryBytesPerDevice: 1 << 20))
    return Placement(
      layers: start.layers.map { layer in
        LayerPlacement(layer.replicas.map { Replica(expert: $0.expert, device: $0.device, precision: precision) })
      })
  }

  private func estimate(
    _ estimator: inout LoadEstimator, _ window: LoadTotals, _ samples: SampleTotals, _ placement: Placement
  ) throws -> LoadEstimate {
    let estimate = estimator.estimate(window: window, samples: samples, placement: placement)
    return try #require(estimate)
  }

  @Test func nothingCountedGivesNothing() throws {
    let shape = try shape()
    var estimator = LoadEstimator(shape: shape, configuration: EstimatorConfiguration())
    let empty = LoadTotals(layers: 1, expertsPerLayer: 2)
    let estimate = estimator.estimate(window: empty, samples: samples(shape), placement: try placement(shape))
    #expect(estimate?.tokensPerBatch == nil)
  }

  @Test func oneWindowIsDividedByItsBatches() throws {
    let shape = try shape(layers: 2)
    var estimator = LoadEstimator(shape: shape, configuration: EstimatorConfiguration())
    let estimate = try estimate(&estimator, window(shape, [30, 10], batches: 5), samples(shape), placement(shape))
    #expect(estimate.tokensPerBatch == [[30, 10], [30, 10]])
    #expect(estimate.batchesPerTick == 5)
  }

  @Test func aWindowOfSeveralTicksCountsTheBatchesOfOne() throws {
    let shape = try shape()
    var estimator = LoadEstimator(shape: shape, configuration: EstimatorConfiguration())
    for _ in 0..<3 {
      let load = window(shape, [30, 10], batches: 12)
      let estimate = estimator.estimate(
        window: load, samples: samples(shape), placement: try placement(shape), ticks: 4)
      #expect(abs(try #require(estimate).batchesPerTick - 3) < 1e-9)
    }
  }

  @Test func anOlderWindowCountsHalfAfterTheHalfLife() throws {
    let shape = try shape()
    var estimator = LoadEstimator(shape: shape, configuration: EstimatorConfiguration(halfLifeTicks: 2))
    var estimate: LoadEstimate?
    for loads in [[100, 0], [0, 100], [0, 100]] {
      estimate = estimator.estimate(
        window: window(shape, loads), samples: samples(shape), placement: try placement(shape))
    }
    let keep = 0.5.squareRoot()
    let old = 100 * 0.5 / (0.5 + keep + 1)
    let tokens = try #require(estimate).tokensPerBatch[0]
    #expect(abs(tokens[0] - old) < 1e-9)
    #expect(abs(tokens[0] + tokens[1] - 100) < 1e-9)
  }

  @Test func withoutAHalfLifeOnlyTheNewestWindowCounts() throws {
    let shape = try shape()
    var estimator = LoadEstimator(shape: shape, configuration: EstimatorConfiguration(halfLifeTicks: 0))
    _ = estimator.estimate(window: window(shape, [100, 0]), samples: samples(shape), placement: try placement(shape))
    let newest = estimator.estimate(
      window: window(shape, [0, 40], batches: 2), samples: samples(shape), placement: try placement(shape))
    let estimate = try #require(newest)
    #expect(estimate.tokensPerBatch == [[0, 40]])
    #expect(estimate.batchesPerTick == 2)
    #expect(estimate.scenarios.allSatisfy { $0.tokensPerBatch[0][0] == 0 && $0.tokensPerBatch[0][1] > 0 })
  }

  @Test func aTickWithoutBatchesChangesNothing() throws {
    let shape = try shape()
    var estimator = LoadEstimator(shape: shape, configuration: EstimatorConfiguration())
    let busy = estimator.estimate(
      window: window(shape, [30, 10]), samples: samples(shape), placement: try placement(shape))
    let idle = estimator.estimate(
      window: LoadTotals(layers: 1, expertsPerLayer: 2), samples: samples(shape), placement: try placement(shape))
    #expect(try #require(busy).tokensPerBatch == [[30, 10]])
    #expect(try #require(idle).tokensPerBatch == [[30, 10]])
  }

  @Test func phasesAreWeightedApart() throws {
    let shape = try shape()
    var estimator = LoadEstimator(
      shape: shape, configuration: EstimatorConfiguration(prefillWeight: 0.25, decodeWeight: 2))
    var both = window(shape, [40, 0])
    both.add([0, 10], tokens: 10, phase: .decode, layer: LayerID(0))
    let estimate = try estimate(&estimator, both, samples(shape), placement(shape))
    #expect(estimate.tokensPerBatch == [[5, 10]])
  }

  @Test func importanceIsAShareAndIgnoranceIsAverage() throws {
    let shape = try shape(experts: 4)
    var estimator = LoadEstimator(shape: shape, configuration: EstimatorConfiguration())
    var seen = samples(shape)
    let unsampled = try estimate(&estimator, window(shape, [1, 1, 1, 1]), seen, placement(shape))
    #expect(unsampled.importance == [[0.25, 0.25, 0.25, 0.25]])

    seen.importance[0] = [6, 2, 0, 0]
    let sampled = try estimate(&estimator, window(shape, [1, 1, 1, 1]), seen, placement(shape))
    #expect(sampled.importance == [[0.375, 0.125, 0.25, 0.25]])
  }

  @Test func scenariosAreTheRecentWindowsNewestLast() throws {
    let shape = try shape()
    var estimator = LoadEstimator(
      shape: shape, configuration: EstimatorConfiguration(halfLifeTicks: 3, historyWindows: 3, driftSensitivity: 0))
    var last: LoadEstimate?
    for tick in 0..<6 {
      let loads = tick == 5 ? [0, 1_000_000] : [1_000_000, 0]
      last = estimator.estimate(
        window: window(shape, loads), samples: samples(shape), placement: try placement(shape))
    }
    let scenarios = try #require(last).scenarios
    #expect(scenarios.count == 3)
    #expect(scenarios.map(\.tokensPerBatch[0]).map { $0[1] > $0[0] } == [false, false, true])
    for (scenario, cube) in zip(scenarios, [0.25, 0.5, 1]) {
      let weight = scenario.weight
      #expect(abs(weight * weight * weight - cube) < 1e-9)
    }
  }

  @Test func afterAShiftTheNewestWindowsCount() throws {
    let shape = try shape()
    var estimator = LoadEstimator(shape: shape, configuration: EstimatorConfiguration(halfLifeTicks: 8))
    var last: LoadEstimate?
    for tick in 0..<6 {
      last = estimator.estimate(
        window: window(shape, tick == 5 ? [100, 900] : [900 - tick, 100 + tick]), samples: samples(shape),
        placement: try placement(shape))
    }
    let estimate = try #require(last)
    #expect(estimate.tokensPerBatch[0][1] > 890)
    #expect(estimate.scenarios.count == 8)
    #expect(estimate.scenarios.allSatisfy { $0.tokensPerBatch[0][1] > $0.tokensPerBatch[0][0] })
  }

  @Test func aLayerPlannedForStaysUntilItShifts() throws {
    let shape = try shape()
    var estimator = LoadEstimator(shape: shape, configuration: EstimatorConfiguration())
    let first = try estimate(&estimator, window(shape, [900, 100]), samples(shape), placement(shape))
    #expect(first.shifted == [true])
    estimator.notePlan([LayerID(0)])
    let like = try estimate(&estimator, window(shape, [890, 110]), samples(shape), placement(shape))
    #expect(like.shifted == [false])
    let unlike = try estimate(&estimator, window(shape, [500, 500]), samples(shape), placement(shape))
    #expect(unlike.shifted == [true])
    estimator.notePlan([LayerID(0)])
    estimator.forgetPlans()
    #expect(try estimate(&estimator, window(shape, [500, 500]), samples(shape), placement(shape)).shifted == [true])
  }

  @Test func scenariosScatterAroundTheMeanBatchAsOneBatchDoes() throws {
    let experts = 512
    let shape = try shape(experts: experts)
    var estimator = LoadEstimator(shape: shape, configuration: EstimatorConfiguration())
    let loads = Array(repeating: 10_000, count: experts)
    // A window of many batches; the scenario is one of them.
    let estimate = try estimate(&estimator, window(shape, loads, batches: 7), samples(shape), placement(shape))
    let deviations = try #require(estimate.scenarios.last).tokensPerBatch[0].map { ($0 - 10_000) / 100 }
    let mean = deviations.reduce(0, +) / Double(experts)
    let variance = deviations.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(experts)
    #expect(deviations.allSatisfy { abs($0) <= 6 })
    #expect(abs(mean) < 0.2, "mean \(mean)")
    #expect((0.75...1.25).contains(variance), "variance \(variance)")
  }

  @Test func theSameWindowsGiveTheSameScenarios() throws {
    let shape = try shape(experts: 8)
    var first = LoadEstimator(shape: shape, configuration: EstimatorConfiguration())
    var second = first
    for tick in 1...4 {
      let load = window(shape, (0..<8).map { $0 * tick })
      let one = first.estimate(window: load, samples: samples(shape), placement: try placement(shape))
      let two = second.estimate(window: load, samples: samples(shape), placement: try placement(shape))
      #expect(one?.scenarios.map(\.tokensPerBatch) == two?.scenarios.map(\.tokensPerBatch))
    }
  }

  @Test func errorsSeenWhileServingReplaceWhatStagingMeasured() throws {
    let shape = try shape()
    var estimator = LoadEstimator(shape: shape, configuration: EstimatorConfiguration())
    let low = try placement(shape, precision: .int8)
    estimator.note(
      StagedReplica(layer: LayerID(0), replica: low.layers[0].replicas[1], handle: 0, bytes: 1, relativeError: 0.05))
    var seen = samples(shape)
    let staged = try estimate(&estimator, window(shape, [1, 1]), seen, low)
    #expect(error(staged, 1) == 0.05)

    seen.shadowed[0][1] = 4
    seen.error[0][1] = 0.8
    let served = try estimate(&estimator, window(shape, [1, 1]), seen, low)
    #expect(abs(error(served, 1) - 0.2) < 1e-12)
    #expect(error(served, 0) == 0.01)
  }

  private func error(_ estimate: LoadEstimate, _ expert: Int) -> Double {
    estimate.errors.error(layer: LayerID(0), expert: ExpertID(expert), precision: .int8, full: .bfloat16)
  }

  @Test func everyRoundIsAScenarioAndTheirMeanABatch() throws {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: 2, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .bfloat16, roundsPerLayer: 2)
    var configuration = EstimatorConfiguration()
    configuration.historyWindows = 4
    var estimator = LoadEstimator(shape: shape, configuration: configuration)
    var window = LoadTotals(layers: 1, expertsPerLayer: 2, roundsPerLayer: 2)
    for _ in 0..<5 {
      window.add([9000, 1000], tokens: 10_000, phase: .prefill, layer: LayerID(0))
      window.add([1000, 9000], tokens: 10_000, phase: .prefill, layer: LayerID(0), round: RoundID(1))
    }
    let estimate = try estimate(&estimator, window, samples(shape), placement(shape))
    #expect(estimate.tokensPerBatch == [[5000, 5000]])
    #expect(estimate.batchesPerTick == 10)
    #expect(estimate.scenarios.count == 8)
    let shares = estimate.scenarios.map { $0.tokensPerBatch[0][0] / $0.tokensPerBatch[0].reduce(0, +) }
    #expect(shares.count { abs($0 - 0.9) < 0.02 } == 4 && shares.count { abs($0 - 0.1) < 0.02 } == 4)
  }
}

public import BallastRuntime
import Glibc

/// Turns windows of counts into an estimate of the load to come.
///
/// Windows are averaged with weights that halve every `halfLifeTicks`. Importance is the running sum of one-pass
/// scores; an expert that was never sampled counts as much as the layer's average one, so ignorance demotes nobody.
public struct LoadEstimator: Sendable {
  /// The knobs; a change takes effect at the next tick.
  public var configuration: EstimatorConfiguration
  private var errors = ErrorEstimate()

  private let shape: ModelShape
  private var average: [[Double]] = []
  private var batches = 0.0
  private var spanned = 0.0
  private var history: [[[Double]]] = []
  private var lastShadows: SampleTotals?

  /// An estimator that has seen nothing.
  public init(shape: ModelShape, configuration: EstimatorConfiguration) {
    self.shape = shape
    self.configuration = configuration
  }

  /// Takes in the newest window and says what to expect.
  ///
  /// - Parameters:
  ///   - window: What was counted in it.
  ///   - samples: What sampled batches have revealed since the start.
  ///   - placement: The placement they were served by.
  ///   - ticks: Ticks the window spans, at least 1.
  /// - Returns: nil while nothing has been counted.
  /// - Complexity: O(layers · experts).
  public mutating func estimate(
    window: LoadTotals, samples: SampleTotals, placement: Placement, ticks: Int = 1
  ) -> LoadEstimate? {
    noteShadows(samples, placement)
    average(window, ticks: max(ticks, 1))
    guard batches > 0 else { return nil }
    let mean = average.map { $0.map { $0 / batches } }
    return LoadEstimate(
      tokensPerBatch: mean, scenarios: scenarios(mean), importance: importance(samples),
      batchesPerTick: batches / spanned, errors: errors)
  }

  /// Takes in the error measured when a replica was staged.
  public mutating func note(_ replica: StagedReplica) {
    errors.note(
      replica.relativeError, layer: replica.layer, expert: replica.replica.expert, precision: replica.replica.precision)
  }

  private mutating func average(_ window: LoadTotals, ticks: Int) {
    let windowBatches =
      (0..<shape.layers).map { layer in
        Phase.allCases.reduce(0) { $0 + window.batches($1, LayerID(layer)) }
      }.max() ?? 0
    guard windowBatches > 0 else { return }
    let keep = configuration.halfLifeTicks > 0 && !average.isEmpty ? exp2(-1 / configuration.halfLifeTicks) : 0
    let loads = (0..<shape.layers).map {
      window.weighted(LayerID($0), prefill: configuration.prefillWeight, decode: configuration.decodeWeight)
    }
    history.append(loads)
    history.removeFirst(max(0, history.count - max(configuration.historyWindows, 1)))
    if average.isEmpty { average = loads.map { $0.map { _ in 0 } } }
    for layer in loads.indices {
      for expert in loads[layer].indices {
        average[layer][expert] = average[layer][expert] * keep + loads[layer][expert]
      }
    }
    batches = batches * keep + Double(windowBatches)
    spanned = spanned * keep + Double(ticks)
  }

  /// The recent windows as single batches: each layer as many tokens as the average's, scattered as one batch is.
  ///
  /// A window is many batches, and a mean hides what each of them meets. The scatter is that of independent choices
  /// (√tokens), drawn once per window's age, layer and expert, so that it does not change from tick to tick.
  private func scenarios(_ mean: [[Double]]) -> [LoadScenario] {
    history.enumerated().map { index, loads in
      let age = history.count - 1 - index
      let scaled = loads.indices.map { layer in
        let total = loads[layer].reduce(0, +)
        let factor = total > 0 ? mean[layer].reduce(0, +) / total : 0
        return loads[layer].indices.map { expert in
          let expected = loads[layer][expert] * factor
          return max(0, expected + expected.squareRoot() * scatter(age, layer, expert))
        }
      }
      let weight =
        configuration.halfLifeTicks > 0 ? exp2(-Double(age) / configuration.halfLifeTicks) : age == 0 ? 1 : 0
      return LoadScenario(tokensPerBatch: scaled, weight: weight)
    }.filter { $0.weight > 0 }
  }

  /// A number of mean 0 and variance 1 that belongs to its place: the sum of twelve even draws, less six.
  private func scatter(_ age: Int, _ layer: Int, _ expert: Int) -> Double {
    var state = UInt64(truncatingIfNeeded: (age &* shape.layers &+ layer) &* shape.expertsPerLayer &+ expert)
    var sum = -6.0
    for _ in 0..<12 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      var word = state ^ (state >> 33)
      word = word &* 0xFF51_AFD7_ED55_8CCD
      sum += Double((word ^ (word >> 33)) >> 11) * 0x1p-53
    }
    return sum
  }

  /// Shares of each layer's importance; unsampled experts get the mean of the sampled.
  private func importance(_ samples: SampleTotals) -> [[Double]] {
    samples.importance.map { scores in
      let known = scores.filter { $0 > 0 }
      let mean = known.isEmpty ? 1 : known.reduce(0, +) / Double(known.count)
      let filled = scores.map { $0 > 0 ? $0 : mean }
      let total = filled.reduce(0, +)
      return filled.map { $0 / total }
    }
  }

  /// Errors seen on served tokens since the last tick count before what staging had measured.
  private mutating func noteShadows(_ samples: SampleTotals, _ placement: Placement) {
    defer { lastShadows = samples }
    guard let before = lastShadows else { return }
    for layer in 0..<shape.layers {
      for expert in 0..<shape.expertsPerLayer {
        let count = samples.shadowed[layer][expert] - before.shadowed[layer][expert]
        guard count > 0 else { continue }
        let sum = samples.error[layer][expert] - before.error[layer][expert]
        let replicas = placement[LayerID(layer)].replicas(of: ExpertID(expert))
        guard let low = replicas.map(\.precision).max(by: { $0.rawValue < $1.rawValue }) else { continue }
        errors.noteServed(
          errorSum: sum, tokens: count, layer: LayerID(layer), expert: ExpertID(expert), precision: low)
      }
    }
  }
}

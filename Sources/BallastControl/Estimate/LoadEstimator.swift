public import BallastRuntime
import Glibc

/// Turns windows of counts into an estimate of the load to come.
///
/// Windows are averaged with weights that halve every `halfLifeTicks`. Importance is the running sum of one-pass
/// scores; an expert that was never sampled counts as much as the layer's average one, so ignorance demotes nobody.
public struct LoadEstimator: Sendable {
  /// The knobs; a change takes effect at the next tick.
  public var configuration: EstimatorConfiguration
  var errors = ErrorEstimate()

  let shape: ModelShape
  var average: [[Double]] = []
  var batches = 0.0
  var spanned = 0.0
  var history: [[[Double]]] = []
  /// `[window][round][layer][expert]`: the same windows, round by round.
  private var roundHistory: [[[[Double]]]] = []
  var drift = LoadDrift()
  /// `[layer]`: the window the layer was last planned for.
  var references: [[Double]?] = []
  /// `[layer][expert]`: importance scores from before the samples began; empty for none.
  var earlierImportance: [[Double]] = []
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
    guard batches > 0, let newest = history.last else { return nil }
    let mean = average.map { $0.map { $0 / batches } }
    return LoadEstimate(
      tokensPerBatch: mean, scenarios: scenarios(mean), importance: importance(samples),
      batchesPerTick: batches / spanned,
      shifted: LoadDrift.shifted(newest, from: references.isEmpty ? newest.map { _ in nil } : references),
      errors: errors)
  }

  /// Takes note that a plan was sought for the newest window and changed `layers`; while loads stay as they are, neither
  /// those nor layers never planned for before need another.
  public mutating func notePlan(_ layers: some Sequence<LayerID>) {
    guard let newest = history.last else { return }
    if references.isEmpty { references = Array(repeating: nil, count: shape.layers) }
    for layer in layers { references[layer.index] = nil }
    for layer in references.indices where references[layer] == nil { references[layer] = newest[layer] }
  }

  /// Forgets what the placement was planned for: every layer may need another plan.
  public mutating func forgetPlans() { references = Array(repeating: nil, count: shape.layers) }

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
    let loads = (0..<shape.layers).map {
      window.weighted(LayerID($0), prefill: configuration.prefillWeight, decode: configuration.decodeWeight)
    }
    let keep = configuration.halfLifeTicks > 0 && !average.isEmpty ? exp2(-1 / configuration.halfLifeTicks) : 0
    let kept = keep * agreementWithLast(loads)
    history.append(loads)
    roundHistory.append(rounds(of: window))
    let surplus = max(0, history.count - max(configuration.historyWindows, 1))
    history.removeFirst(surplus)
    roundHistory.removeFirst(surplus)
    if average.isEmpty { average = loads.map { $0.map { _ in 0 } } }
    for layer in loads.indices {
      for expert in loads[layer].indices {
        average[layer][expert] = average[layer][expert] * kept + loads[layer][expert]
      }
    }
    batches = batches * kept + Double(windowBatches)
    spanned = spanned * kept + Double(ticks)
  }

  /// `[round][layer][expert]`: what was counted in the window.
  private func rounds(of window: LoadTotals) -> [[[Double]]] {
    (0..<shape.roundsPerLayer).map { round in
      (0..<shape.layers).map { layer in
        window.weighted(
          LayerID(layer), RoundID(round), prefill: configuration.prefillWeight, decode: configuration.decodeWeight)
      }
    }
  }

  /// How much of the past counts beside `loads`, the newest window.
  private mutating func agreementWithLast(_ loads: [[Double]]) -> Double {
    guard let last = history.last else { return 1 }
    let distance = LoadDrift.distance(loads, last)
    drift.note(distance)
    return drift.agreement(distance, sensitivity: configuration.driftSensitivity)
  }

  /// The recent windows as single batches: each layer as many tokens as the average's, scattered as one batch is.
  ///
  /// A window is many batches, and a mean hides what each of them meets. Windows count by their age and by how much they
  /// are like the newest. Where few count, they are scattered several times. Each round of a layer is a batch of its own,
  /// and devices wait for one another in each: so each is a scenario, and their sum the average.
  private func scenarios(_ mean: [[Double]]) -> [LoadScenario] {
    let weights = windowWeights()
    let total = weights.reduce(0, +)
    let used = weights.indices.reversed().filter { weights[$0] > Self.leastShare * total }
    guard !used.isEmpty else { return [] }
    return (0..<max(configuration.historyWindows, used.count) * shape.roundsPerLayer).reversed().map { draw in
      let window = used[draw / shape.roundsPerLayer % used.count]
      let loads = roundHistory[window][draw % shape.roundsPerLayer]
      return LoadScenario(
        tokensPerBatch: loads.indices.map { layer in
          scattered(loads[layer], tokens: mean[layer].reduce(0, +), layer: layer, draw: draw)
        }, weight: weights[window])
    }
  }

  /// Windows that count less, as a share of all, are left out.
  private static let leastShare = 0.005

  /// `[window]`: what each remembered window counts.
  private func windowWeights() -> [Double] {
    guard let newest = history.last else { return [] }
    return history.indices.map { index in
      let age = Double(history.count - 1 - index)
      guard age > 0 else { return 1 }
      guard configuration.halfLifeTicks > 0 else { return 0 }
      return exp2(-age / configuration.halfLifeTicks)
        * drift.agreement(
          LoadDrift.distance(newest, history[index]), sensitivity: configuration.driftSensitivity)
    }
  }

  /// `loads` in the proportion of one batch of `tokens`, each moved by √tokens times a number of mean 0 and variance 1.
  ///
  /// The numbers belong to the draw, the layer and the expert, so that they do not change from tick to tick.
  private func scattered(_ loads: [Double], tokens: Double, layer: Int, draw: Int) -> [Double] {
    let total = loads.reduce(0, +)
    let factor = total > 0 ? tokens / total : 0
    var random = SplitMix64(seed: UInt64(draw * shape.layers + layer))
    return loads.map { load in
      let expected = load * factor
      return max(0, expected + expected.squareRoot() * Self.deviate(random.next()))
    }
  }

  /// A number of mean 0 and variance 1: the sum of four even draws of 16 bits.
  private static func deviate(_ word: UInt64) -> Double {
    let draws = SIMD4<Double>(
      Double(word & 0xFFFF), Double(word >> 16 & 0xFFFF), Double(word >> 32 & 0xFFFF), Double(word >> 48))
    return (draws.sum() * 0x1p-16 - 2) * 3.0.squareRoot()
  }

  /// Importance scores of `samples` and of the time before them.
  func scores(_ samples: SampleTotals) -> [[Double]] {
    guard !earlierImportance.isEmpty else { return samples.importance }
    return zip(samples.importance, earlierImportance).map { zip($0, $1).map(+) }
  }

  /// Shares of each layer's importance; unsampled experts get the mean of the sampled.
  private func importance(_ samples: SampleTotals) -> [[Double]] {
    scores(samples).map { scores in
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

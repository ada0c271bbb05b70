public import BallastRuntime

/// What a balancer has learned: the load it expects, importance, errors, affinity, and the placement that came of it.
///
/// A value that can be written as bytes and read back by another process of the same model on as many devices.
public struct LearnedState: Sendable {
  /// MoE layers of the model.
  public let layers: Int
  /// Experts in each layer.
  public let expertsPerLayer: Int
  /// Rounds of each layer.
  public let roundsPerLayer: Int
  /// Devices of the cluster.
  public let devices: Int
  /// The placement in use when it was taken.
  public let placement: Placement

  /// `[layer][expert]`: tokens, older ticks faded.
  var average: [[Double]] = []
  /// Batches and ticks behind the average, faded likewise.
  var batches = 0.0
  var spanned = 0.0
  /// `[window][layer][expert]`: the recent windows.
  var history: [[[Double]]] = []
  /// Distances of neighbouring windows.
  var neighbours: [Double] = []
  /// `[layer][expert]`: sums of importance scores.
  var importance: [[Double]] = []
  /// Relative output errors, as staging measured them.
  var staged: [ErrorEstimate.Place: Double] = [:]
  /// Relative output errors, as served tokens showed them.
  var served: [ErrorEstimate.Place: ErrorEstimate.Served] = [:]
  /// Where tokens went from layer to layer.
  var affinity: AffinityTotals?

  /// Nothing learned but a placement.
  init(layers: Int, expertsPerLayer: Int, roundsPerLayer: Int = 1, devices: Int, placement: Placement) {
    self.layers = layers
    self.expertsPerLayer = expertsPerLayer
    self.roundsPerLayer = roundsPerLayer
    self.devices = devices
    self.placement = placement
  }
}

extension ControlLoop {
  /// What the loop has learned so far.
  ///
  /// - Parameter samples: What sampled batches have revealed by now.
  /// - Returns: A value of its own, which the loop changes no more.
  public func learned(_ samples: SampleTotals) -> LearnedState {
    let shape = path.executor.shape
    var state = LearnedState(
      layers: shape.layers, expertsPerLayer: shape.expertsPerLayer, roundsPerLayer: shape.roundsPerLayer,
      devices: statuses.count, placement: path.table.current.placement)
    state.average = estimator.average
    state.batches = estimator.batches
    state.spanned = estimator.spanned
    state.history = estimator.history
    state.neighbours = estimator.drift.neighbours
    state.importance = estimator.scores(samples)
    state.staged = estimator.errors.staged
    state.served = estimator.errors.served
    state.affinity = affinity.average
    return state
  }

  /// Takes over what was learned before, in place of what this loop has.
  ///
  /// - Parameters:
  ///   - state: What was learned; its placement is not applied.
  ///   - samples: What sampled batches have revealed by now, which counts no longer.
  /// - Throws: `PlacementChangeError.otherModel`; everything stays as it was.
  public mutating func recall(_ state: LearnedState, samples: SampleTotals) throws(PlacementChangeError) {
    try check(state)
    estimator.average = state.average
    estimator.batches = state.batches
    estimator.spanned = state.spanned
    estimator.history = state.history
    estimator.drift.neighbours = state.neighbours
    estimator.references = []
    estimator.earlierImportance = zip(state.importance, samples.importance).map { zip($0, $1).map { $0 - $1 } }
    // What this process measured when it staged stands.
    estimator.errors.staged.merge(state.staged) { mine, _ in mine }
    estimator.errors.served = state.served
    affinity.average = state.affinity
  }

  private func check(_ state: LearnedState) throws(PlacementChangeError) {
    let shape = path.executor.shape
    for (name, learned, present) in [
      ("layers", state.layers, shape.layers), ("experts", state.expertsPerLayer, shape.expertsPerLayer),
      ("rounds", state.roundsPerLayer, shape.roundsPerLayer), ("devices", state.devices, statuses.count),
    ] where learned != present {
      throw .otherModel("it has \(learned) \(name), this one \(present)")
    }
  }
}

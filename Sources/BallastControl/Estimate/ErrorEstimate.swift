public import BallastRuntime

/// The relative output error to expect of an expert at a precision.
public struct ErrorEstimate: Sendable {
  struct Place: Hashable {
    let layer: LayerID
    let expert: ExpertID
    let precision: Precision
  }

  /// What tokens computed at both precisions have shown.
  struct Served {
    var sum = 0.0
    var tokens = 0.0

    /// Beyond this many tokens older ones fade, so that a drift shows.
    static let memoryTokens = 64.0
  }

  private var typical: PerPrecision<Double>
  var staged: [Place: Double] = [:]
  var served: [Place: Served] = [:]

  /// Nothing measured yet: every expert is expected to err as weights of its precision typically do.
  public init() {
    typical = PerPrecision {
      switch $0 {
      case .float32: 0
      case .bfloat16: 0.002
      case .int8: 0.01
      case .int4: 0.1
      }
    }
  }

  /// Takes in what was measured when a replica was staged; another value than before makes what was served stale.
  public mutating func note(_ error: Double, layer: LayerID, expert: ExpertID, precision: Precision) {
    guard error.isFinite, error >= 0 else { return }
    let place = Place(layer: layer, expert: expert, precision: precision)
    if staged.updateValue(error, forKey: place) != error { served[place] = nil }
  }

  /// Takes in the errors of `tokens` served tokens that were computed at both precisions.
  public mutating func noteServed(
    errorSum: Double, tokens: Double, layer: LayerID, expert: ExpertID, precision: Precision
  ) {
    guard errorSum.isFinite, errorSum >= 0, tokens.isFinite, tokens > 0 else { return }
    let place = Place(layer: layer, expert: expert, precision: precision)
    var known = served[place] ?? Served()
    known.sum += errorSum
    known.tokens += tokens
    if known.tokens > Served.memoryTokens {
      known.sum *= Served.memoryTokens / known.tokens
      known.tokens = Served.memoryTokens
    }
    served[place] = known
  }

  /// The error of `expert` at `precision`: as served if it has been, as staged otherwise, or typical; 0 at `full` and
  /// above.
  public func error(layer: LayerID, expert: ExpertID, precision: Precision, full: Precision) -> Double {
    guard !precision.satisfies(full) else { return 0 }
    let place = Place(layer: layer, expert: expert, precision: precision)
    if let known = served[place] { return known.sum / known.tokens }
    return staged[place] ?? typical[precision]
  }

  /// The error measured when it was staged; nil before.
  public func stagedError(layer: LayerID, expert: ExpertID, precision: Precision) -> Double? {
    staged[Place(layer: layer, expert: expert, precision: precision)]
  }

  /// The mean error of served tokens and how many, the oldest faded; nil before any was computed at both precisions.
  public func servedError(
    layer: LayerID, expert: ExpertID, precision: Precision
  ) -> (error: Double, tokens: Double)? {
    served[Place(layer: layer, expert: expert, precision: precision)].map { ($0.sum / $0.tokens, $0.tokens) }
  }
}

public import BallastRuntime

/// Compares what served tokens show of low precision with what staging had measured, and with the bounds.
public struct QualityGuard: Hashable, Sendable {
  /// A replica of a layer.
  public struct Place: Hashable, Sendable {
    /// The layer.
    public let layer: LayerID
    /// Which copy.
    public let replica: Replica
  }

  /// A replica that errs more than it may.
  public struct Breach: Hashable, Sendable {
    /// Which one.
    public let place: Place
    /// Its relative output error, as measured.
    public let error: Double
  }

  /// Most a replica's relative output error may be.
  public let replicaErrorBound: Double
  /// Replicas beyond it, in the order of the placement.
  public private(set) var breaches: [Breach] = []
  /// Low-precision replicas of the placement.
  public private(set) var lowReplicas = 0
  /// Served tokens that were computed at both precisions, older ones faded.
  public private(set) var shadowedTokens = 0.0
  /// What those erred over what staging had promised, by tokens; 1 while nothing is known.
  public private(set) var drift = 1.0

  /// Served tokens below which only staging's own measurement counts: one token says little.
  public static let leastTokens = 4.0

  /// Looks at every replica of `placement`.
  ///
  /// - Complexity: O(replicas).
  public init(_ placement: Placement, errors: ErrorEstimate, full: Precision, replicaErrorBound: Double) {
    self.replicaErrorBound = replicaErrorBound
    var served = 0.0
    var promised = 0.0
    for (index, layer) in placement.layers.enumerated() {
      for replica in layer.replicas where !replica.precision.satisfies(full) {
        lowReplicas += 1
        let place = (layer: LayerID(index), expert: replica.expert, precision: replica.precision)
        let staged = errors.stagedError(layer: place.layer, expert: place.expert, precision: place.precision)
        var error = staged
        if let seen = errors.servedError(layer: place.layer, expert: place.expert, precision: place.precision) {
          shadowedTokens += seen.tokens
          if seen.tokens >= Self.leastTokens { error = seen.error }
          if let staged {
            served += seen.error * seen.tokens
            promised += staged * seen.tokens
          }
        }
        if let error, error > replicaErrorBound {
          breaches.append(Breach(place: Place(layer: place.layer, replica: replica), error: error))
        }
      }
    }
    if promised > 0 { drift = served / promised }
  }
}

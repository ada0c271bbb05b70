public import BallastRuntime

/// The relative output error to expect of an expert at a precision.
public struct ErrorEstimate: Sendable {
  private struct Place: Hashable {
    let layer: LayerID
    let expert: ExpertID
    let precision: Precision
  }

  private var typical: PerPrecision<Double>
  private var measured: [Place: Double] = [:]

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

  /// Takes in what was measured when a replica was staged, or while it served.
  public mutating func note(_ error: Double, layer: LayerID, expert: ExpertID, precision: Precision) {
    guard error.isFinite, error >= 0 else { return }
    measured[Place(layer: layer, expert: expert, precision: precision)] = error
  }

  /// The error of `expert` at `precision`: measured if it has been, otherwise typical; 0 at `full` and above.
  public func error(layer: LayerID, expert: ExpertID, precision: Precision, full: Precision) -> Double {
    guard !precision.satisfies(full) else { return 0 }
    return measured[Place(layer: layer, expert: expert, precision: precision)] ?? typical[precision]
  }
}

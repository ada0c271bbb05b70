/// Counts the tokens routed to each expert since the balancer started.
///
/// Counts only grow. A lane adds to its own row; the control loop sums the rows. A sliding window
/// is the difference of two sums, so nothing is reset while lanes are writing.
public final class LoadCounters: Sendable {
  // Concurrency:
  // - `record` is wait-free: see `AtomicRows`.
  // - `totals` may miss tokens recorded while it runs and never counts one twice.
  private let rows: AtomicRows
  private let columnsPerLayer: Int
  /// MoE layers.
  public let layers: Int
  /// Experts in each layer.
  public let expertsPerLayer: Int

  /// Counters at zero, one row a lane.
  public init(lanes: Int, shape: ModelShape) {
    layers = shape.layers
    expertsPerLayer = shape.expertsPerLayer
    columnsPerLayer = LoadTotals.columns(expertsPerLayer: shape.expertsPerLayer)
    rows = AtomicRows(rows: lanes, columns: Phase.allCases.count * shape.layers * columnsPerLayer)
  }

  /// Adds the counted tokens of `selection` to the row of `lane`.
  ///
  /// - Precondition: only the lane that owns the row calls this; the selection's experts are below
  ///   `expertsPerLayer`, which `Selection` guarantees.
  /// - Complexity: O(assignments); no allocation, no lock.
  package func record(_ selection: borrowing Selection, layer: LayerID, lane: Int) {
    precondition(selection.expertsPerLayer == expertsPerLayer && (0..<layers).contains(layer.index))
    let experts = selection.experts.span
    let traits = selection.traits.span
    var isFirst = true
    rows.withRow(lane) { row in
      for token in traits.indices where traits[token].isCounted {
        let first = (Int(traits[token].phase.rawValue) &* layers &+ layer.index) &* columnsPerLayer
        for assignment in selection.assignments(of: token) { row.add(1, column: first &+ Int(experts[assignment])) }
        row.add(1, column: first &+ expertsPerLayer)
        if isFirst { row.add(1, column: first &+ expertsPerLayer &+ 1) }
        isFirst = false
      }
    }
  }

  /// Tokens counted so far by all lanes.
  ///
  /// - Complexity: O(lanes · layers · experts); never waits for a lane.
  public func totals() -> LoadTotals {
    var totals = LoadTotals(layers: layers, expertsPerLayer: expertsPerLayer)
    for lane in 0..<rows.rows {
      for column in 0..<rows.columns {
        totals.counts[column] += rows.value(row: lane, column: column)
      }
    }
    return totals
  }
}

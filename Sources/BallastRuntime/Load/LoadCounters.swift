/// Counts the tokens routed to each expert, round by round, since the balancer started.
///
/// Counts only grow. A lane adds to its own row; the control loop sums the rows. A sliding window
/// is the difference of two sums, so nothing is reset while lanes are writing.
public final class LoadCounters: Sendable {
  // Concurrency:
  // - `record` is wait-free: see `AtomicRows`.
  // - `totals` may miss tokens recorded while it runs and never counts one twice.
  private let rows: AtomicRows
  private let columnsPerRound: Int
  /// MoE layers.
  public let layers: Int
  /// Experts in each layer.
  public let expertsPerLayer: Int
  /// Rounds of each layer.
  public let roundsPerLayer: Int

  /// Counters at zero, one row a lane.
  public init(lanes: Int, shape: ModelShape) {
    layers = shape.layers
    expertsPerLayer = shape.expertsPerLayer
    roundsPerLayer = shape.roundsPerLayer
    columnsPerRound = LoadTotals.columns(expertsPerLayer: shape.expertsPerLayer)
    rows = AtomicRows(
      rows: lanes, columns: Phase.allCases.count * shape.layers * shape.roundsPerLayer * columnsPerRound)
  }

  /// Adds a batch's counted tokens to the row of `lane`.
  ///
  /// - Precondition: only the lane that owns the row calls this; the batch is over `expertsPerLayer` experts.
  /// - Complexity: O(experts chosen); no allocation, no lock.
  func record(_ load: borrowing BatchLoad, layer: LayerID, round: RoundID = .first, lane: Int) {
    precondition(load.experts == expertsPerLayer && (0..<layers).contains(layer.index))
    precondition((0..<roundsPerLayer).contains(round.index))
    rows.withRow(lane) { row in
      var isFirst = true
      for group in load.groups.indices where load.groups[group].traits.isCounted {
        let phase = Int(load.groups[group].traits.phase.rawValue)
        let first = ((phase &* layers &+ layer.index) &* roundsPerLayer &+ round.index) &* columnsPerRound
        for place in 0..<load.activeCount {
          let expert = Int(load.active[place])
          let tokens = load.tokens(group, expert)
          if tokens > 0 { row.add(UInt64(tokens), column: first &+ expert) }
        }
        row.add(UInt64(load.groups[group].tokens), column: first &+ expertsPerLayer)
        if isFirst { row.add(1, column: first &+ expertsPerLayer &+ 1) }
        isFirst = false
      }
    }
  }

  /// Tokens counted so far by all lanes.
  ///
  /// - Complexity: O(lanes · layers · rounds · experts); never waits for a lane.
  public func totals() -> LoadTotals {
    var totals = LoadTotals(layers: layers, expertsPerLayer: expertsPerLayer, roundsPerLayer: roundsPerLayer)
    for lane in 0..<rows.rows {
      for column in 0..<rows.columns {
        totals.counts[column] += rows.value(row: lane, column: column)
      }
    }
    return totals
  }
}

/// Sums what sampled batches reveal about experts: how much they matter, and how far low precision errs.
///
/// Importance is the one-pass score of EASY-EP (arXiv 2504.06792): for a token t that chose expert i with gate
/// weight g, `g · ‖expert output‖ · max(0, 1 − cos(h, h + layer output))`, where h is the residual stream before
/// the experts. Sums only grow; readers take differences.
public final class SampleCounters: Sendable {
  // Concurrency: as `LoadCounters`; a word holds the bit pattern of a Double.
  private enum Column: Int, CaseIterable {
    case importance
    case error
    case shadowed
  }

  /// One word a round each, after the words of the experts.
  private enum RoundColumn: Int, CaseIterable {
    case batches
    case expertImbalance
    case replicaImbalance
    case deviceImbalance
  }

  /// One word each, after those.
  private enum Single: Int, CaseIterable {
    case delayedBatches
    case storedAssignments
    case substitutedAssignments
  }

  /// How long recording and routing a batch may take before it counts as delayed, if it waited.
  public static let delayLimit = Duration.microseconds(50)

  private let rows: AtomicRows
  /// MoE layers.
  public let layers: Int
  /// Experts in each layer.
  public let expertsPerLayer: Int
  /// Rounds of each layer.
  public let roundsPerLayer: Int

  /// Sums at zero, one row a lane.
  public init(lanes: Int, shape: ModelShape) {
    layers = shape.layers
    expertsPerLayer = shape.expertsPerLayer
    roundsPerLayer = shape.roundsPerLayer
    rows = AtomicRows(
      rows: lanes,
      columns: Column.allCases.count * shape.experts + RoundColumn.allCases.count * shape.roundsPerLayer
        + Single.allCases.count)
  }

  /// Adds one token's importance score for `expert`.
  package func addImportance(_ score: Double, layer: LayerID, expert: Int, lane: Int) {
    add(score, .importance, layer, expert, lane)
  }

  /// Adds one shadowed token's relative output error for `expert`.
  package func addError(_ error: Double, layer: LayerID, expert: Int, lane: Int) {
    guard error.isFinite else { return }
    add(error, .error, layer, expert, lane)
    add(1, .shadowed, layer, expert, lane)
  }

  /// Adds how unevenly a batch fell.
  func addImbalance(_ imbalance: ImbalanceTotals, round: RoundID = .first, lane: Int) {
    add(imbalance.batches, word(.batches, round.index), lane)
    add(imbalance.expert, word(.expertImbalance, round.index), lane)
    add(imbalance.replica, word(.replicaImbalance, round.index), lane)
    add(imbalance.device, word(.deviceImbalance, round.index), lane)
  }

  /// Notes that a batch was delayed while a plan was applied.
  func addDelay(lane: Int) { add(1, word(.delayedBatches), lane) }

  /// Adds choices of a batch, sampled or not, that chose an evicted expert: how many were served from where it is stored,
  /// and how many by another expert.
  func addEvicted(stored: Int, substituted: Int, lane: Int) {
    add(Double(stored), word(.storedAssignments), lane)
    add(Double(substituted), word(.substitutedAssignments), lane)
  }

  /// Sums over all lanes.
  ///
  /// - Complexity: O(lanes · layers · experts); never waits for a lane.
  public func totals() -> SampleTotals {
    var totals = SampleTotals(layers: layers, expertsPerLayer: expertsPerLayer, roundsPerLayer: roundsPerLayer)
    for lane in 0..<rows.rows {
      for layer in 0..<layers {
        for expert in 0..<expertsPerLayer {
          totals.importance[layer][expert] += sum(.importance, LayerID(layer), expert, lane)
          totals.error[layer][expert] += sum(.error, LayerID(layer), expert, lane)
          totals.shadowed[layer][expert] += sum(.shadowed, LayerID(layer), expert, lane)
        }
      }
      for round in 0..<roundsPerLayer {
        totals.imbalanceByRound[round].batches += sum(word(.batches, round), lane)
        totals.imbalanceByRound[round].expert += sum(word(.expertImbalance, round), lane)
        totals.imbalanceByRound[round].replica += sum(word(.replicaImbalance, round), lane)
        totals.imbalanceByRound[round].device += sum(word(.deviceImbalance, round), lane)
      }
      totals.delayedBatches += sum(word(.delayedBatches), lane)
      totals.storedAssignments += sum(word(.storedAssignments), lane)
      totals.substitutedAssignments += sum(word(.substitutedAssignments), lane)
    }
    return totals
  }

  private func add(_ amount: Double, _ column: Column, _ layer: LayerID, _ expert: Int, _ lane: Int) {
    add(amount, word(column, layer, expert), lane)
  }

  private func add(_ amount: Double, _ word: Int, _ lane: Int) {
    guard amount.isFinite else { return }
    rows.set((Double(bitPattern: rows.value(row: lane, column: word)) + amount).bitPattern, row: lane, column: word)
  }

  private func sum(_ column: Column, _ layer: LayerID, _ expert: Int, _ lane: Int) -> Double {
    sum(word(column, layer, expert), lane)
  }

  private func sum(_ word: Int, _ lane: Int) -> Double { Double(bitPattern: rows.value(row: lane, column: word)) }

  private func word(_ column: RoundColumn, _ round: Int) -> Int {
    Column.allCases.count * layers * expertsPerLayer + round * RoundColumn.allCases.count + column.rawValue
  }

  private func word(_ single: Single) -> Int { rows.columns - Single.allCases.count + single.rawValue }

  private func word(_ column: Column, _ layer: LayerID, _ expert: Int) -> Int {
    (column.rawValue * layers + layer.index) * expertsPerLayer + expert
  }
}

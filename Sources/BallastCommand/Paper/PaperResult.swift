import BallastOperations

/// What `ballast paper` found, as it writes it.
struct PaperResult: Codable {
  /// One policy at one batch size.
  struct Row: Codable {
    /// Weights and scales of every replica, as the devices count them.
    var bytes: Int
    /// Experts · busiest expert / total.
    var expertImbalance: Double
    /// Experts · busiest replica / total.
    var replicaImbalance: Double
    /// Maximum over mean device cost, by the law that dispatched.
    var deviceImbalance: Double
    /// Median time a layer's experts took.
    var layerMicroseconds: Double
    var bitsPerByte: Double
    var nextByteAccuracy: Double
  }

  /// Tokens decoded side by side.
  var batches: [Int]
  /// By policy, `[batch]`.
  var policies: [String: [Row]]

  /// A row for each policy and batch size.
  var table: ReportTable {
    var rows: [[String]] = []
    for (place, batch) in batches.enumerated() {
      for policy in PaperPolicy.allCases {
        guard let row = policies[policy.rawValue]?[place] else { continue }
        rows.append([
          "\(batch)", policy.name, fixed(row.expertImbalance, 2), fixed(row.replicaImbalance, 2),
          fixed(row.deviceImbalance, 3), fixed(row.layerMicroseconds, 1), "\(row.bytes)", fixed(row.bitsPerByte, 4),
          fixed(row.nextByteAccuracy * 100, 2),
        ])
      }
    }
    return ReportTable(
      columns: [
        "batch", "policy", "LIS", "replica imbalance", "device imbalance", "layer, µs", "bytes", "bits per byte",
        "next byte right, %",
      ], rows: rows)
  }

  /// One line a policy over batch sizes.
  func plot(_ title: String, _ axis: PlotAxis, _ value: (Row, Row) -> Double) -> LinePlot {
    let original = policies[PaperPolicy.original.rawValue] ?? []
    return LinePlot(
      title: title, x: PlotAxis("tokens in a batch", scale: .logarithmic), y: axis,
      series: PaperPolicy.allCases.map { policy in
        let rows = policies[policy.rawValue] ?? []
        return PlotSeries(policy.name, x: batches.map(Double.init), y: zip(rows, original).map(value))
      })
  }
}

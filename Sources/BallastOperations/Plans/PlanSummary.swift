/// A plan for the terminal: a line per layer, and what it takes in all.
public struct PlanSummary {
  private let document: PlanDocument

  /// A summary of `document`.
  public init(_ document: PlanDocument) { self.document = document }

  /// The lines.
  public var text: String {
    var lines = ["layer  replicas  most copies  device imbalance"]
    for layer in document.placement.indices {
      let counts = document.replicaCounts[layer]
      let columns = [
        pad("\(layer)", 5), pad("\(counts.reduce(0, +))", 8), pad("\(counts.max() ?? 0)", 11),
        pad(fixed(document.deviceImbalance.perLayer[layer], 4), 16),
      ]
      lines.append(columns.joined(separator: "  "))
    }
    let before = document.deviceImbalance.before.map { "\(fixed($0, 4)) before, " } ?? ""
    lines.append("device imbalance  \(before)\(fixed(document.deviceImbalance.after, 4)) after (mean over layers)")
    lines.append("copies moved      \(document.copiesMoved) (\(document.bytesMoved) bytes)")
    lines.append("planning          \(fixed(document.planMilliseconds, 3)) ms (median)")
    return lines.joined(separator: "\n")
  }

  private func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

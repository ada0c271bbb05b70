/// A plan for the terminal: a line per layer, and what it takes in all.
public struct PlanSummary {
  private let document: PlanDocument

  /// A summary of `document`.
  public init(_ document: PlanDocument) { self.document = document }

  /// The lines: what each device of each layer holds, then the figures.
  public var text: String {
    var lines = document.placement.indices.flatMap { layer($0) }
    if document.placement.count > 1 { lines.append(layers.text) }
    if !document.moves.isEmpty { lines.append(moves.text) }
    let before = document.deviceImbalance.before.map { "\(fixed($0, 4)) before, " } ?? ""
    lines.append("device imbalance  \(before)\(fixed(document.deviceImbalance.after, 4)) after (mean over layers)")
    if let bound = document.deviceImbalance.lowerBound {
      lines.append("lower bound       \(fixed(bound, 4)) (no placement of as many copies is more even)")
    }
    lines.append("copies moved      \(document.copiesMoved) (\(document.bytesMoved) bytes)")
    lines.append("planning          \(fixed(document.planMilliseconds, 3)) ms (median)")
    return lines.joined(separator: "\n")
  }

  /// A row for each layer.
  private var layers: ReportTable {
    ReportTable(
      columns: ["layer", "replicas", "most copies", "device imbalance", "changes"],
      rows: document.placement.indices.map { layer in
        let counts = document.replicaCounts[layer]
        return [
          "\(layer)", "\(counts.reduce(0, +))", "\(counts.max() ?? 0)",
          fixed(document.deviceImbalance.perLayer[layer], 4), "\(document.moves.count { $0.layer == layer })",
        ]
      })
  }

  /// What changes, and why.
  private var moves: ReportTable {
    ReportTable(
      columns: ["layer", "expert", "change", "why"],
      rows: document.moves.map { ["\($0.layer)", "\($0.expert)", $0.change, $0.reason] })
  }

  private func layer(_ layer: Int) -> [String] {
    let counts = document.replicaCounts[layer]
    let imbalance = fixed(document.deviceImbalance.perLayer[layer], 4)
    let several = counts.indices.filter { counts[$0] > 1 }.map { "\($0) (\(counts[$0]))" }
    var lines = ["layer \(layer): \(counts.reduce(0, +)) replicas, device imbalance \(imbalance)"]
    if !several.isEmpty { lines[0] += ", several copies of \(several.joined(separator: ", "))" }
    for (device, experts) in document.placement[layer].enumerated() {
      let share = fixed(document.shares[layer][device] * 100, 1)
      let names = zip(experts, document.precision[layer][device]).map { $1 == "bfloat16" ? "\($0)" : "\($0):\($1)" }
      lines.append("  device \(device)  \(pad(share, 5)) %  \(names.joined(separator: " "))")
    }
    return lines
  }

  private func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

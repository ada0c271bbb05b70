import BallastGating
import BallastOperations
import BallastServing

/// What `ballast eval` found, as it writes it.
struct EvaluationResult: Codable {
  /// One domain's score.
  struct Domain: Codable {
    var bitsPerByte: Double
    var nextByteAccuracy: Double
  }

  /// By domain.
  var domains: [String: Domain]
  /// Expert weights and scales.
  var bytes: Int
  /// Mean experts of a token.
  var meanExperts: Double
  /// Share of tokens, layer by layer, that were escalated to exact experts.
  var escalatedShare: Double

  init(_ scores: [String: PredictionScore], bytes: Int, gating: GateTotals) {
    self.bytes = bytes
    meanExperts = gating.meanExperts ?? 0
    escalatedShare = gating.escalatedShare ?? 0
    domains = scores.mapValues {
      Domain(bitsPerByte: $0.bitsPerByte ?? 0, nextByteAccuracy: $0.nextByteAccuracy ?? 0)
    }
  }

  /// The mean over the domains.
  var mean: Domain {
    let count = Double(max(domains.count, 1))
    return Domain(
      bitsPerByte: domains.values.reduce(0) { $0 + $1.bitsPerByte } / count,
      nextByteAccuracy: domains.values.reduce(0) { $0 + $1.nextByteAccuracy } / count)
  }

  /// A row a domain, the mean last.
  func table(title: String) -> ReportTable {
    func row(_ name: String, _ score: Domain) -> [String] {
      [name, fixed(score.bitsPerByte, 5), fixed(score.nextByteAccuracy * 100, 2)]
    }
    return ReportTable(
      title: title, columns: ["domain", "bits per byte", "next byte right, %"],
      rows: domains.sorted { $0.key < $1.key }.map { row($0.key, $0.value) } + [row("mean", mean)])
  }
}

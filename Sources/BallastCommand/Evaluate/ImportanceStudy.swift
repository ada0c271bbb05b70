import BallastCPU
import BallastControl
import BallastOperations
import BallastRuntime
import BallastServing

/// Whether the importance gathered in one pass says what leaving an expert out would cost.
struct ImportanceStudy {
  /// What was found.
  struct Result: Codable {
    /// Mean over domains, every expert as stored.
    var bitsPerByte: Double
    /// Sequences scored when an expert is left out.
    var sequences: Int
    /// `[layer][expert]`: bits per byte more when its output is taken to be 0.
    var leaveOneOut: [[Double]]
    /// By ranking: Spearman's correlation with `leaveOneOut` over all experts.
    var rankCorrelation: [String: Double]
    /// By ranking: the mean over layers of the correlation within each.
    var rankCorrelationInLayer: [String: Double]
    /// Shares of the experts, those that matter least first.
    var fractions: [Double]
    /// By ranking, `[fraction]`: bits per byte with them at int4.
    var demoted: [String: [Double]]
    /// By ranking, `[fraction]`: bits per byte with their outputs taken to be 0.
    var evicted: [String: [Double]]
  }

  let model: EvaluatedModel
  /// Sequences of each domain that are scored with each expert left out.
  let sequences: Int
  let seed: UInt64
  /// Points of a curve after the first.
  let steps: Int

  /// The curves are scored on this many times the sequences: their differences are smaller.
  static let curveSequences = 4
  /// Beyond this share of experts without output nothing is left to compare.
  private static let mostEvicted = 0.5

  /// Leaves out each expert in turn, then demotes and evicts by each ranking.
  func run(_ texts: [DomainText]) async throws(InputError) -> Result {
    let (few, more) = (parts(texts, sequences), parts(texts, sequences * Self.curveSequences))
    let others = CalibrationTexts(texts, excluding: more, sequenceBytes: EvaluationFold.sequenceBytes)
    guard !others.sequences.isEmpty else {
      throw InputError(
        EvaluationError.nothingToCalibrate(sequences: 0, neededSequences: EvaluationFold.leastSequences).description)
    }
    let calibration = try await Calibration(model, others.sequences, .balanced)
    let whole = model.uniform(model.shape.fullPrecision)
    let leaveOneOut = try await leaveOneOut(few, whole)
    let lost = Array(leaveOneOut.joined())
    let fractions = (0...steps).map { Double($0) / Double(steps) }
    let rankings = ExpertRanking.allCases.map { ($0.rawValue, $0.scores(calibration, seed: seed)) }
    let demoted = try await curves(more, rankings, fractions) { places in
      (precisions: low(places), muted: [])
    }
    let evicted = try await curves(more, rankings, fractions.filter { $0 <= Self.mostEvicted }) { places in
      (precisions: whole, muted: Set(places.map(place)))
    }
    return Result(
      bitsPerByte: try await bitsPerByte(more, whole), sequences: few.count * sequences, leaveOneOut: leaveOneOut,
      rankCorrelation: dictionary(rankings) { RankCorrelation.of($0, lost) },
      rankCorrelationInLayer: dictionary(rankings) { inLayers($0, lost) }, fractions: fractions,
      demoted: demoted, evicted: evicted)
  }

  private func parts(_ texts: [DomainText], _ sequences: Int) -> [DomainText] {
    texts.map { DomainText(name: $0.name, bytes: Array($0.bytes.prefix(sequences * EvaluationFold.sequenceBytes))) }
  }

  private func leaveOneOut(_ texts: [DomainText], _ whole: [[Precision]]) async throws(InputError) -> [[Double]] {
    let before = try await bitsPerByte(texts, whole)
    let progress = Progress(total: model.shape.experts, noun: "experts left out in turn")
    var lost = whole.map { $0.map { _ in 0.0 } }
    for index in 0..<model.shape.experts {
      let muted = place(index)
      let after = try await bitsPerByte(texts, whole, muted: [muted])
      lost[muted.layer.index][muted.expert.index] = after - before
      progress.advance(to: index + 1)
    }
    progress.finish()
    return lost
  }

  private func curves(
    _ texts: [DomainText], _ rankings: [(String, [Double])], _ fractions: [Double],
    _ change: ([Int]) -> (precisions: [[Precision]], muted: Set<MutedExpert>)
  ) async throws(InputError) -> [String: [Double]] {
    var curves: [String: [Double]] = [:]
    for (name, scores) in rankings {
      let order = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }
      for fraction in fractions {
        let changed = change(Array(order.prefix(Int(fraction * Double(order.count)))))
        curves[name, default: []].append(try await bitsPerByte(texts, changed.precisions, muted: changed.muted))
      }
    }
    return curves
  }

  private func bitsPerByte(
    _ texts: [DomainText], _ precisions: [[Precision]], muted: Set<MutedExpert> = []
  ) async throws(InputError) -> Double {
    let outcome = try await model.score(texts.map(\.bytes), precisions: precisions, muted: muted)
    return outcome.scores.reduce(0) { $0 + ($1.bitsPerByte ?? 0) } / Double(max(1, texts.count))
  }

  private func low(_ places: [Int]) -> [[Precision]] {
    var precisions = model.uniform(model.shape.fullPrecision)
    for index in places { precisions[place(index).layer.index][place(index).expert.index] = .int4 }
    return precisions
  }

  private func place(_ index: Int) -> MutedExpert {
    let experts = model.shape.expertsPerLayer
    return MutedExpert(layer: LayerID(index / experts), expert: ExpertID(index % experts))
  }

  private func inLayers(_ scores: [Double], _ lost: [Double]) -> Double {
    let experts = model.shape.expertsPerLayer
    let layers = stride(from: 0, to: lost.count, by: experts).map {
      RankCorrelation.of(Array(scores[$0..<$0 + experts]), Array(lost[$0..<$0 + experts]))
    }
    return layers.reduce(0, +) / Double(max(1, layers.count))
  }

  private func dictionary(_ rankings: [(String, [Double])], _ value: ([Double]) -> Double) -> [String: Double] {
    Dictionary(rankings.map { ($0.0, value($0.1)) }) { first, _ in first }
  }
}

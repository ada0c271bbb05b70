import Ballast
import BallastGating
import BallastRuntime
import BallastServing
import Foundation
import Synchronization

/// Texts that several threads score piece by piece; the sums do not depend on who did which.
final class EvaluationJob: Sendable {
  private struct Piece: Sendable {
    let text: Int
    let bytes: [UInt8]
  }

  private struct Results: Sendable {
    var scores: [PredictionScore?]
    /// `[text]`.
    var uses: [ExpertUse]
    var sequences = 0
    var gating = GateTotals()
  }

  private let pieces: [Piece]
  private let texts: Int
  private let next = Atomic<Int>(0)
  private let results: Mutex<Results>
  private let progress: @Sendable (Int) -> Void

  /// Sequences a thread scores before it looks for more.
  private static let pieceSequences = 16

  init(_ texts: [[UInt8]], layers: Int, experts: Int, progress: @escaping @Sendable (Int) -> Void) {
    let length = EvaluationFold.sequenceBytes * Self.pieceSequences
    pieces = texts.enumerated().flatMap { index, bytes in
      stride(from: 0, to: bytes.count, by: length).map {
        Piece(text: index, bytes: Array(bytes[$0..<min($0 + length, bytes.count)]))
      }
    }
    self.texts = texts.count
    self.progress = progress
    results = Mutex(
      Results(
        scores: Array(repeating: nil, count: pieces.count),
        uses: Array(repeating: ExpertUse(layers: layers, experts: experts), count: texts.count)))
  }

  /// `[text]`, once all threads are done.
  var scores: [PredictionScore] {
    results.withLock { results in
      var sums = Array(repeating: PredictionScore(), count: texts)
      for (piece, score) in zip(pieces, results.scores) { if let score { sums[piece.text].add(score) } }
      return sums
    }
  }

  /// `[text]`: how experts were used, once all threads are done.
  var uses: [ExpertUse] { results.withLock { $0.uses } }

  /// What the gates chose, once all threads are done.
  var gating: GateTotals { results.withLock { $0.gating } }

  /// Scores pieces on a thread of its own until there are none left.
  func work(_ balancer: Balancer, _ weights: DecoderWeights) async -> InputError? {
    await withCheckedContinuation { done in
      let thread = Thread { [self] in
        do throws(InputError) {
          let lane = try input { () throws(LaneError) in try balancer.makeLane() }
          do throws(DecoderError) {
            try scorePieces(lane, weights)
          } catch {
            throw InputError(error.description)
          }
          done.resume(returning: nil)
        } catch {
          done.resume(returning: error)
        }
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  private func scorePieces(_ lane: consuming Lane, _ weights: DecoderWeights) throws(DecoderError) {
    let model = weights.configuration
    var decoder = try Decoder(
      weights: weights, lane: lane, slots: 1, contextTokens: EvaluationFold.sequenceBytes)
    let evaluation = TextEvaluation(sequenceBytes: EvaluationFold.sequenceBytes)
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      guard index < pieces.count else { break }
      var use = ExpertUse(layers: model.layers, experts: model.expertsPerLayer)
      // Which thread takes which piece is chance: nothing learned from one may show in another.
      try decoder.forgetGate()
      let gating = decoder.gateTotals
      let score = try evaluation.score(pieces[index].bytes, with: &decoder) { layer, selection, _ in
        use.add(selection, layer: layer)
      }
      let done = decoder.gateTotals.since(gating)
      let sequences = results.withLock { results in
        results.gating.add(done)
        results.scores[index] = score
        results.uses[pieces[index].text].add(use)
        results.sequences += pieces[index].bytes.count / EvaluationFold.sequenceBytes
        return results.sequences
      }
      progress(sequences)
    }
  }
}

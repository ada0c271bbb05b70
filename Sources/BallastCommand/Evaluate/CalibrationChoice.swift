import ArgumentParser
import BallastCPU
import BallastRuntime
import BallastServing
import Foundation

/// Which tokens of the calibration texts are kept.
enum CalibrationChoice: String, CaseIterable, ExpressibleByArgument {
  /// As they come.
  case natural
  /// As many of each expert.
  case balanced
  /// All tokens of the half of the sequences that the model finds likely and that use experts evenly (EBSS).
  case sequences

  /// How a reservoir keeps tokens.
  var balance: CalibrationReservoir.Balance { self == .balanced ? .balanced : .natural }

  /// The sequences to calibrate on.
  func chosen(_ sequences: [[UInt8]], by model: EvaluatedModel) async throws(InputError) -> [[UInt8]] {
    guard self == .sequences else { return sequences }
    let outcome = try await model.score(sequences, precisions: model.uniform(model.shape.fullPrecision))
    let candidates = zip(outcome.scores, outcome.uses).map { score, use in
      SequenceSelection.Candidate(surprise: (score.bitsPerByte ?? 0) * log(2), usage: use.tokens)
    }
    return SequenceSelection(candidates, count: (sequences.count + 1) / 2).places.map { sequences[$0] }
  }
}

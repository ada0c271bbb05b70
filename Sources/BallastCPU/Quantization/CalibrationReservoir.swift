public import BallastRuntime
import Synchronization

/// A bounded, seeded sample of the tokens each expert has met: what quantizers fit and what staging is judged on.
///
/// Filled while serving, on sampled batches; an executor and its successors may share one. Every fourth token offered
/// is held out: it is never fitted, only used to measure what a precision costs. The same tokens in the same order
/// leave the same sample.
public final class CalibrationReservoir: Sendable {
  // Algorithm: reservoir sampling (Vitter's algorithm R) in each bucket: the n-th token offered replaces a random one
  // with probability capacity / n. Balanced, every expert is a bucket, so rare experts keep as many tokens as busy
  // ones (the aim of MoEQuant's expert-balanced sampling); natural, a layer is one bucket of the same size in all.
  // Concurrency: a lock a layer, taken on sampled batches only; a lane that finds it taken lets its tokens go.

  /// How many tokens each expert gets of what is kept.
  public enum Balance: String, CaseIterable, Sendable {
    /// As many as it has met, relative to the others.
    case natural
    /// As many as every other expert, if it has met so many.
    case balanced
  }

  /// How tokens are shared out among experts.
  public let balance: Balance
  /// Length of what experts read.
  public let hidden: Int
  /// Tokens to fit that are kept of each expert, on average over a layer.
  public let tokensPerExpert: Int
  /// Tokens held out of each expert.
  public let heldOutPerExpert: Int
  private let experts: Int
  private let layers: [LayerTokens]

  /// Nothing yet.
  ///
  /// - Parameters:
  ///   - shape: The model.
  ///   - dimensions: The sizes of its experts.
  ///   - balance: How tokens are shared out.
  ///   - limitBytes: What all tokens together may take; it bounds the tokens of each expert, as does `mostTokens`.
  ///   - seed: Decides which tokens stay.
  public init(
    shape: ModelShape, dimensions: ExpertDimensions, balance: Balance = .balanced, limitBytes: Int = 64 << 20,
    seed: UInt64 = 1
  ) {
    self.balance = balance
    hidden = dimensions.hidden
    experts = shape.expertsPerLayer
    let affordable = max(0, limitBytes) / (shape.experts * (dimensions.hidden * 2 + 8))
    heldOutPerExpert = min(Self.mostHeldOut, affordable / 4)
    tokensPerExpert = min(Self.mostTokens, affordable - heldOutPerExpert)
    let (capacity, heldOut) = (tokensPerExpert, heldOutPerExpert)
    layers = (0..<shape.layers).map { layer in
      LayerTokens(
        experts: shape.expertsPerLayer, capacity: capacity, heldOut: heldOut, balance: balance,
        seed: seed &+ UInt64(layer) &* 0x9e37_79b9)
    }
  }

  /// Tokens kept of an expert, at most, to fit.
  public static let mostTokens = 1024
  /// Tokens held out of an expert, at most.
  public static let mostHeldOut = 64

  /// Offers what an expert read for one token.
  ///
  /// - Parameters:
  ///   - input: `hidden` numbers; others, or numbers that are not finite, are ignored.
  ///   - gate: The expert's gate weight for the token.
  ///   - layer: The MoE layer; one the model lacks is ignored.
  ///   - expert: The expert; one the model lacks is ignored.
  public func offer(_ input: Span<Float>, gate: Float, layer: LayerID, expert: ExpertID) {
    guard input.count == hidden, layers.indices.contains(layer.index), (0..<experts).contains(expert.index),
      gate.isFinite
    else { return }
    layers[layer.index].offer(input, gate: gate, expert: expert.index)
  }

  /// The tokens to fit an expert by.
  public func tokens(layer: LayerID, expert: ExpertID) -> CalibrationTokens { find(layer, expert, heldOut: false) }

  /// The tokens to measure an expert on.
  public func heldOut(layer: LayerID, expert: ExpertID) -> CalibrationTokens { find(layer, expert, heldOut: true) }

  private func find(_ layer: LayerID, _ expert: ExpertID, heldOut: Bool) -> CalibrationTokens {
    guard layers.indices.contains(layer.index) else { return CalibrationTokens(hidden: hidden) }
    return layers[layer.index].tokens(of: expert.index, heldOut: heldOut, hidden: hidden)
  }
}

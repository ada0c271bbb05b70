public import BallastRuntime
import Glibc

/// Chooses, for each token, the experts with the highest router logits.
///
/// The gate weights are the softmax over all experts, kept for the chosen ones and scaled to sum 1. Equal logits
/// go to the lower expert. A gate is a lane's own: it keeps its scratch between batches.
public struct TopK: Sendable {
  // Algorithm: scaling the softmax of the chosen to sum 1 cancels its denominator, so only the chosen logits are
  // raised to powers. Choices are kept sorted while the row is scanned in ascending order; an expert enters only
  // when it is strictly above the last choice, which is what sends ties to the lower index.

  /// Experts in a layer: the length of a row of logits.
  public let expertsPerLayer: Int
  /// Experts chosen for each token.
  public let expertsPerToken: Int
  private var experts: [UInt16] = []
  private var gates: [Float] = []

  /// A gate that chooses `expertsPerToken` of `expertsPerLayer` experts.
  ///
  /// - Throws: `GatingError.expertsPerLayer` outside 1…65 535, `.expertsPerToken` outside 1…`expertsPerLayer`.
  public init(expertsPerLayer: Int, expertsPerToken: Int) throws(GatingError) {
    guard (1...65_535).contains(expertsPerLayer) else {
      throw .expertsPerLayer(expertsPerLayer, allowed: 1...65_535)
    }
    guard (1...expertsPerLayer).contains(expertsPerToken) else {
      throw .expertsPerToken(expertsPerToken, allowed: 1...expertsPerLayer)
    }
    self.expertsPerLayer = expertsPerLayer
    self.expertsPerToken = expertsPerToken
  }

  /// Appends the choices of tokens that share their traits.
  ///
  /// - Parameters:
  ///   - logits: `[token][expert]`, row-major.
  ///   - traits: What is true of these tokens.
  ///   - selection: Gets one row a token, experts in descending order of gate weight.
  /// - Throws: `GatingError.unevenRows`, `.logitNotFinite`, `.expertCount`, `.refused`; the selection is as it was.
  /// - Complexity: O(logits · expertsPerToken) at worst, about O(logits) on average; allocates only beyond the largest batch seen.
  public mutating func select(
    _ logits: Span<Float>, traits: TokenTraits, into selection: inout Selection
  ) throws(GatingError) {
    try GatingError.check(logits, expertsPerLayer: expertsPerLayer, selection: selection)
    let choices = logits.count / expertsPerLayer * expertsPerToken
    if experts.count < choices {
      experts = Array(repeating: 0, count: choices)
      gates = Array(repeating: 0, count: choices)
    }
    Self.choose(logits, width: expertsPerLayer, choices: expertsPerToken, &experts, &gates)
    do throws(SelectionError) {
      try selection.append(
        experts: experts.span.extracting(0..<choices), gates: gates.span.extracting(0..<choices),
        expertsPerToken: expertsPerToken, traits: traits)
    } catch {
      throw .refused(error)
    }
  }

  private static func choose(
    _ logits: Span<Float>, width: Int, choices: Int, _ experts: inout [UInt16], _ gates: inout [Float]
  ) {
    var chosen = experts.mutableSpan
    var weights = gates.mutableSpan
    for token in 0..<logits.count / width {
      let row = logits.extracting(token * width..<(token + 1) * width)
      let places = token * choices..<(token + 1) * choices
      choose(row, &chosen, &weights, places)
      scale(&weights, places)
    }
  }

  /// Leaves the highest logits of `row`, descending, at `places` of `chosen` and `weights`.
  private static func choose(
    _ row: Span<Float>, _ chosen: inout MutableSpan<UInt16>, _ weights: inout MutableSpan<Float>, _ places: Range<Int>
  ) {
    var end = places.lowerBound
    var lowest = -Float.infinity
    for expert in row.indices {
      let logit = row[expert]
      if logit <= lowest { continue }
      var place = min(end, places.upperBound - 1)
      while place > places.lowerBound, weights[place - 1] < logit {
        weights[place] = weights[place - 1]
        chosen[place] = chosen[place - 1]
        place -= 1
      }
      weights[place] = logit
      chosen[place] = UInt16(truncatingIfNeeded: expert)
      if end < places.upperBound { end += 1 }
      if end == places.upperBound { lowest = weights[end - 1] }
    }
  }

  /// Turns the chosen logits, descending, into gate weights that sum to 1.
  private static func scale(_ weights: inout MutableSpan<Float>, _ places: Range<Int>) {
    let highest = weights[places.lowerBound]
    var sum: Float = 0
    for place in places {
      weights[place] = expf(weights[place] - highest)
      sum += weights[place]
    }
    for place in places { weights[place] /= sum }
  }
}

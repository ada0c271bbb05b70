public import BallastRuntime
import Glibc

/// Traffic whose experts are used by Zipf's law: the r-th busiest gets a share proportional to r^(−exponent).
///
/// Each layer has its own busy experts, drawn from the seed. A batch is a pure function of its number, so batches
/// can be asked for in any order.
public struct ZipfWorkload: Sendable {
  /// MoE layers.
  public let layers: Int
  /// Experts in each layer.
  public let expertsPerLayer: Int
  /// Distinct experts each token chooses.
  public let expertsPerToken: Int
  /// The batch from which other experts are the busy ones; nil when they stay.
  public let shiftBatch: Int?

  private let seed: UInt64
  /// `[rank]`, summing to 1.
  private let shares: [Double]

  /// Describes the traffic of a model.
  ///
  /// - Parameters:
  ///   - shape: The model, whose tokens choose `expertsPerToken` experts each.
  ///   - exponent: 0 for uniform; the larger, the more skewed, up to 16.
  ///   - seed: Where all chance comes from.
  ///   - shiftBatch: The batch from which other experts are the busy ones.
  /// - Throws: `ZipfWorkloadError.exponentOutOfRange`.
  public init(
    shape: ModelShape, exponent: Double, seed: UInt64, shiftBatch: Int? = nil
  ) throws(ZipfWorkloadError) {
    guard (0...16).contains(exponent) else { throw .exponentOutOfRange(exponent) }
    layers = shape.layers
    expertsPerLayer = shape.expertsPerLayer
    expertsPerToken = shape.expertsPerToken
    self.seed = seed
    self.shiftBatch = shiftBatch
    let weights = (1...shape.expertsPerLayer).map { pow(Double($0), -exponent) }
    let sum = weights.reduce(0, +)
    shares = weights.map { $0 / sum }
  }

  /// `[layer][expert]`: tokens of one batch routed to each expert, `tokens · expertsPerToken` a layer.
  ///
  /// - Throws: `ZipfWorkloadError.tokensOutOfRange` when `tokens` is negative or above 2³¹ − 1.
  /// - Complexity: O(layers · experts), however many tokens.
  public func loads(tokens: Int, batch: Int = 0) throws(ZipfWorkloadError) -> [[Int]] {
    guard (0...Int(Int32.max)).contains(tokens) else { throw .tokensOutOfRange(tokens) }
    return (0..<layers).map { layer in
      var loads = Array(repeating: 0, count: expertsPerLayer)
      var random = SplitMix64(seed: seed, layer, batch, 1)
      var left = tokens * expertsPerToken
      var rest = 1.0
      for (rank, expert) in experts(byRankIn: layer, batch: batch).enumerated() {
        // Drawn one expert after another from what is left, never more than every token and never so few that the
        // others could not take the rest.
        let share = min(1, shares[rank] / rest)
        let mean = Double(left) * share
        let draw = (mean + random.deviate() * (mean * (1 - share)).squareRoot()).rounded()
        let least = max(0, left - tokens * (expertsPerLayer - rank - 1))
        let count = max(least, min(Int(max(0, draw)), min(left, tokens)))
        loads[expert] = count
        left -= count
        rest = max(rest - shares[rank], .leastNormalMagnitude)
      }
      return loads
    }
  }

  /// What the gate of one layer chose for one batch: for each token distinct experts, gate weights summing to 1.
  ///
  /// - Throws: `ZipfWorkloadError.tokensOutOfRange` when `tokens` is negative or too many for one selection.
  /// - Complexity: O(tokens · experts).
  public func selection(
    layer: LayerID, tokens: Int, batch: Int = 0, traits: TokenTraits = TokenTraits(phase: .prefill)
  ) throws(ZipfWorkloadError) -> Selection {
    guard (0...Int(Int32.max) / expertsPerToken).contains(tokens) else { throw .tokensOutOfRange(tokens) }
    var random = SplitMix64(seed: seed, layer.index, batch, 2)
    let experts = experts(byRankIn: layer.index, batch: batch)
    var chosen: [Int] = []
    var gates: [Float] = []
    for _ in 0..<tokens {
      let gate = (0..<expertsPerToken).map { _ in random.fraction() }
      let sum = gate.reduce(0, +)
      chosen.append(contentsOf: drawRanks(&random).map { experts[$0] })
      gates.append(contentsOf: gate.map { Float($0 / sum) })
    }
    var selection = Selection(expertsPerLayer: expertsPerLayer)
    do throws(SelectionError) {
      try selection.append(experts: chosen.span, gates: gates.span, expertsPerToken: expertsPerToken, traits: traits)
    } catch {
      throw .tokensOutOfRange(tokens)
    }
    return selection
  }

  /// Distinct ranks, drawn by their shares without replacement: the first arrivals of independent clocks.
  private func drawRanks(_ random: inout SplitMix64) -> [Int] {
    var first: [(time: Double, rank: Int)] = []
    for rank in shares.indices {
      let time = -log(random.fraction()) / shares[rank]
      if first.count == expertsPerToken {
        guard let last = first.last, time < last.time else { continue }
        first.removeLast()
      }
      first.insert((time, rank), at: first.firstIndex { $0.time > time } ?? first.count)
    }
    return first.map(\.rank)
  }

  /// `[rank]`: the layer's experts, busiest first.
  private func experts(byRankIn layer: Int, batch: Int) -> [Int] {
    let isShifted = shiftBatch.map { batch >= $0 } ?? false
    var random = SplitMix64(seed: seed, layer, isShifted ? 1 : 0)
    return Array(0..<expertsPerLayer).shuffled(using: &random)
  }
}

/// Why traffic cannot be described or drawn.
public enum ZipfWorkloadError: Error, Hashable, CustomStringConvertible {
  /// The exponent is not in 0…16.
  case exponentOutOfRange(Double)
  /// The tokens of one batch are negative or too many.
  case tokensOutOfRange(Int)

  /// The fact, with the value and the limits.
  public var description: String {
    switch self {
    case .exponentOutOfRange(let exponent): "the Zipf exponent is \(exponent); allowed is 0 to 16"
    case .tokensOutOfRange(let tokens): "\(tokens) tokens in one batch; allowed is 0 to \(Int32.max) choices in all"
    }
  }
}

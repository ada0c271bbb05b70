/// A choice of recorded sequences that the model finds likely and that use its experts evenly (EBSS, MoEQuant).
public struct SequenceSelection: Hashable, Sendable {
  // Algorithm: a beam search over sets. A set costs mean −log p + std(expert usage) / τ; each round every set of the
  // beam is joined by every sequence it lacks, and the cheapest sets that differ stay. The paper generates sequences
  // this way token by token; choosing among recorded ones needs no generation.

  /// What is known of one sequence.
  public struct Candidate: Hashable, Sendable {
    /// The mean of −log p over its bytes.
    public var surprise: Double
    /// `[layer][expert]`: how often each expert was chosen.
    public var usage: [[Double]]

    /// States what is known.
    public init(surprise: Double, usage: [[Double]]) {
      self.surprise = surprise
      self.usage = usage
    }
  }

  private struct Chosen {
    var places: [Int] = []
    var surprise = 0.0
    var usage: [[Double]] = []
  }

  /// Sets kept from round to round.
  public static let beamWidth = 4
  /// What the evenness of usage is divided by (τ).
  public static let temperature = 1.2

  /// The places of what was chosen, ascending.
  public let places: [Int]
  /// The standard deviation of the experts' shares of their layer, mean over layers.
  public let usageDeviation: Double

  /// Chooses `count` of the candidates, or all if there are fewer.
  ///
  /// - Complexity: O(count · candidates · experts of all layers).
  public init(_ candidates: [Candidate], count: Int) {
    var beam = [Chosen()]
    for _ in 0..<min(max(0, count), candidates.count) { beam = Self.extended(beam, candidates) }
    let best = beam.first ?? Chosen()
    places = best.places
    usageDeviation = Self.deviation(best.usage)
  }

  /// The standard deviation of the experts' shares in `usage` (`[layer][expert]`), mean over layers.
  public static func deviation(_ usage: [[Double]]) -> Double {
    let layers = usage.map { layer -> Double in
      let (sum, count) = (layer.reduce(0, +), Double(max(layer.count, 1)))
      guard sum > 0 else { return 0 }
      return (layer.reduce(0) { $0 + ($1 / sum - 1 / count) * ($1 / sum - 1 / count) } / count).squareRoot()
    }
    return layers.reduce(0, +) / Double(max(layers.count, 1))
  }

  private static func extended(_ beam: [Chosen], _ candidates: [Candidate]) -> [Chosen] {
    var proposals: [(cost: Double, set: Int, place: Int)] = []
    for (set, chosen) in beam.enumerated() {
      let known = Set(chosen.places)
      for place in candidates.indices where !known.contains(place) {
        let count = Double(chosen.places.count + 1)
        let usage = joined(chosen.usage, candidates[place].usage)
        let cost = (chosen.surprise + candidates[place].surprise) / count + deviation(usage) / temperature
        proposals.append((cost, set, place))
      }
    }
    proposals.sort { ($0.cost, $0.set, $0.place) < ($1.cost, $1.set, $1.place) }
    var next: [Chosen] = []
    var seen: Set<[Int]> = []
    for proposal in proposals where next.count < beamWidth {
      var chosen = beam[proposal.set]
      chosen.places = (chosen.places + [proposal.place]).sorted()
      guard seen.insert(chosen.places).inserted else { continue }
      chosen.surprise += candidates[proposal.place].surprise
      chosen.usage = joined(chosen.usage, candidates[proposal.place].usage)
      next.append(chosen)
    }
    return next
  }

  private static func joined(_ left: [[Double]], _ right: [[Double]]) -> [[Double]] {
    left.isEmpty ? right : zip(left, right).map { zip($0, $1).map(+) }
  }
}

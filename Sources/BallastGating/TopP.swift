public import BallastRuntime

/// Chooses, for each token, the fewest experts whose router probabilities together exceed a mass.
///
/// Experts stand in descending order of their logits, equal ones in ascending order of their numbers, and are kept
/// through the first whose cumulative probability exceeds the mass; when none does, all are kept. A token thus gets
/// few experts when its router is sure and many when it is not. If all n logits are equal, it gets the first
/// ⌊mass · n⌋ + 1 experts. A gate is a lane's own: it keeps its scratch between batches.
public struct TopP: Sendable {
  // Algorithm (arXiv 2403.07652): a row is not sorted. Halving a floor from the highest probability down finds one that
  // the needed experts lie above; each try is one pass that runs as vectors, and few are needed when the router is
  // sure. Only what lies above is gathered and sorted.

  /// Experts in a layer: the length of a row of logits.
  public let expertsPerLayer: Int
  /// Probability that the kept experts exceed together, above 0 and at most 1; 1 keeps all.
  public private(set) var mass: Double
  /// Fewest experts of a token.
  public let atLeast: Int
  /// Most experts of a token.
  public let atMost: Int
  /// Whether the gate weights of a token are scaled to sum 1; otherwise they are the router's probabilities.
  public let renormalise: Bool
  private var softmax: RouterSoftmax
  /// What lies above the floor: rank, then the complement of the expert, so that the largest comes first.
  private var candidates: [UInt64]
  private var experts: [UInt16] = []
  private var gates: [Float] = []
  private var rowLengths: [Int32] = []

  /// A gate over `expertsPerLayer` experts.
  ///
  /// - Parameters:
  ///   - expertsPerLayer: Experts in a layer, 1…65 535.
  ///   - mass: Probability to exceed, above 0 and at most 1.
  ///   - atLeast: Fewest experts of a token, at least 1.
  ///   - atMost: Most experts of a token; nil for all of the layer.
  ///   - renormalise: Whether gate weights are scaled to sum 1.
  /// - Throws: `GatingError.expertsPerLayer`, `.mass`, `.limits`.
  public init(
    expertsPerLayer: Int, mass: Double, atLeast: Int = 1, atMost: Int? = nil, renormalise: Bool = true
  ) throws(GatingError) {
    guard (1...65_535).contains(expertsPerLayer) else {
      throw .expertsPerLayer(expertsPerLayer, allowed: 1...65_535)
    }
    let atMost = atMost ?? expertsPerLayer
    guard atLeast >= 1, atLeast <= atMost, atMost <= expertsPerLayer else {
      throw .limits(atLeast: atLeast, atMost: atMost, expertsPerLayer: expertsPerLayer)
    }
    self.expertsPerLayer = expertsPerLayer
    self.mass = 1
    self.atLeast = atLeast
    self.atMost = atMost
    self.renormalise = renormalise
    softmax = RouterSoftmax(experts: expertsPerLayer)
    candidates = Array(repeating: 0, count: expertsPerLayer)
    try set(mass: mass)
  }

  /// Works by another mass from the next batch on.
  ///
  /// - Throws: `GatingError.mass`; the mass is as it was.
  public mutating func set(mass: Double) throws(GatingError) {
    guard mass > 0, mass <= 1 else { throw .mass(mass) }
    self.mass = mass
  }

  /// Appends the choices of tokens that share their traits.
  ///
  /// - Parameters:
  ///   - logits: `[token][expert]`, row-major.
  ///   - traits: What is true of these tokens.
  ///   - selection: Gets one row a token, experts in descending order of gate weight.
  /// - Throws: `GatingError.unevenRows`, `.logitNotFinite`, `.expertCount`, `.refused`; the selection is as it was.
  /// - Complexity: O(logits · halvings of the floor), and sorting what is kept; allocates only beyond the largest batch
  ///   seen.
  public mutating func select(
    _ logits: Span<Float>, traits: TokenTraits, into selection: inout Selection
  ) throws(GatingError) {
    try GatingError.check(logits, expertsPerLayer: expertsPerLayer, selection: selection)
    experts.removeAll(keepingCapacity: true)
    gates.removeAll(keepingCapacity: true)
    rowLengths.removeAll(keepingCapacity: true)
    for token in 0..<logits.count / expertsPerLayer {
      choose(logits.extracting(token * expertsPerLayer..<(token + 1) * expertsPerLayer))
    }
    do throws(SelectionError) {
      try selection.append(experts: experts.span, gates: gates.span, rowLengths: rowLengths.span, traits: traits)
    } catch {
      throw .refused(error)
    }
  }

  /// Appends the choices of one row.
  private mutating func choose(_ row: Span<Float>) {
    softmax.read(row)
    let limit = mass < 1 ? mass * Double(softmax.total) : .infinity
    let floor = floor(for: limit)
    let count = Self.gather(softmax.ranks, softmax.shares, from: floor, into: &candidates)
    Self.sort(&candidates, count)
    let first = experts.count
    var covered: UInt64 = 0
    var weight: Float = 0
    for place in 0..<count where experts.count - first < atMost {
      guard experts.count - first < atLeast || Double(covered) <= limit else { break }
      let expert = UInt16(truncatingIfNeeded: ~candidates[place])
      let power = softmax.powers[Int(expert)]
      experts.append(expert)
      gates.append(power)
      covered &+= UInt64(softmax.shares[Int(expert)])
      weight += power
    }
    if !renormalise { weight = Float(Double(softmax.total) / Double(RouterSoftmax.one)) }
    for place in first..<gates.count { gates[place] /= weight }
    rowLengths.append(Int32(truncatingIfNeeded: experts.count - first))
  }

  /// A share that the experts to keep are not below.
  private func floor(for limit: Double) -> UInt32 {
    var floor = RouterSoftmax.one / 2
    while floor > 0 {
      let (count, sum) = Self.above(floor, softmax.shares)
      if count >= atMost || (count >= atLeast && Double(sum) > limit) { return floor }
      // Where all is wanted, halving would only look at every step on the way.
      floor = limit < .infinity || atMost < expertsPerLayer ? floor / 2 : 0
    }
    return 0
  }

  /// How many shares are not below `floor`, and what they sum to.
  private static func above(_ floor: UInt32, _ shares: [UInt32]) -> (count: Int, sum: UInt64) {
    let shares = shares.span
    var count: UInt32 = 0
    var sum: UInt64 = 0
    for index in shares.indices {
      let share = shares[index]
      let isAbove = share >= floor
      count &+= isAbove ? 1 : 0
      sum &+= UInt64(isAbove ? share : 0)
    }
    return (Int(count), sum)
  }

  /// Writes what is not below `floor` to the front of `candidates`; returns how many they are.
  private static func gather(
    _ ranks: [Int32], _ shares: [UInt32], from floor: UInt32, into candidates: inout [UInt64]
  ) -> Int {
    let ranks = ranks.span
    let shares = shares.span
    var candidates = candidates.mutableSpan
    var count = 0
    for expert in shares.indices {
      // Written in any case and kept or not: a branch would be guessed wrong too often.
      let order = UInt64(UInt32(bitPattern: ranks[expert] ^ Int32.min)) << 16
      candidates[count] = order | UInt64(~UInt16(truncatingIfNeeded: expert))
      count += shares[expert] >= floor ? 1 : 0
    }
    return count
  }

  /// Sorts the first `count` in descending order, in place.
  private static func sort(_ candidates: inout [UInt64], _ count: Int) {
    var values = candidates.mutableSpan
    var gap = count > 24 ? count / 2 : 1
    while gap > 0 {
      for start in min(gap, count)..<count {
        let value = values[start]
        var place = start
        while place >= gap, values[place - gap] < value {
          values[place] = values[place - gap]
          place -= gap
        }
        values[place] = value
      }
      gap = gap == 2 ? 1 : gap * 5 / 11
    }
  }
}

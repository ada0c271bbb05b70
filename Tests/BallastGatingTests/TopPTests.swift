import BallastRuntime
import Testing

@testable import BallastGating

@Suite struct TopPTests {
  private func select(
    _ logits: [Float], experts: Int, mass: Double, atLeast: Int = 1, atMost: Int? = nil, renormalise: Bool = true
  ) throws -> Selection {
    var gate = try TopP(
      expertsPerLayer: experts, mass: mass, atLeast: atLeast, atMost: atMost, renormalise: renormalise)
    var selection = Selection(expertsPerLayer: experts)
    try gate.select(logits.span, traits: TokenTraits(phase: .decode), into: &selection)
    return selection
  }

  /// Rows of every temper: nearly flat ones, peaked ones, and some with equal logits.
  static func rows(_ count: Int, experts: Int, seed: UInt64) -> [Float] {
    var random = SplitMix64(seed: seed)
    return (0..<count).flatMap { row in
      let scale = Float(row % 7) * 0.75
      return (0..<experts).map { _ in
        let draw = (0..<4).reduce(Float(-2)) { sum, _ in sum + Float(random.next() >> 40) * 0x1p-24 } * scale
        return row % 3 == 0 ? draw.rounded() : draw
      }
    }
  }

  @Test func keepsThroughTheExpertThatExceedsTheMass() throws {
    // Powers of two: probabilities 4/8, 2/8, 1/8, 1/8 within the rounding of their logarithms.
    let logits: [Float] = [0, 1.386_294_4, 0.693_147_2, 0]
    for (mass, kept) in [
      (0.3, [1]), (0.49, [1]), (0.51, [1, 2]), (0.74, [1, 2]), (0.76, [1, 2, 0]), (0.9, [1, 2, 0, 3]),
    ] {
      #expect(try select(logits, experts: 4, mass: mass).experts.map(Int.init) == kept, "mass \(mass)")
    }
  }

  @Test func equalLogitsKeepTheFirstExpertsThatExceedTheMass() throws {
    // Cumulative probabilities are exact quarters: a mass that is met but not exceeded needs one more.
    for (mass, kept) in [(0.24, 1), (0.25, 2), (0.5, 3), (0.74, 3), (0.75, 4), (1, 4)] {
      #expect(try select([2, 2, 2, 2], experts: 4, mass: mass).experts == Array(0..<UInt16(kept)), "mass \(mass)")
    }
    #expect(try select([-0.0, 0, -0.0], experts: 3, mass: 0.5).experts == [0, 1])
  }

  @Test(arguments: [(32, 0.4), (32, 0.9), (256, 0.4), (256, 0.8), (256, 0.99), (7, 0.999), (1, 0.5)])
  func theKeptSetIsMinimalAndInOrder(experts: Int, mass: Double) throws {
    let logits = Self.rows(70, experts: experts, seed: 3)
    let selection = try select(logits, experts: experts, mass: mass, renormalise: false)
    var softmax = RouterSoftmax(experts: experts)
    for token in 0..<selection.tokenCount {
      let row = Array(logits[token * experts..<(token + 1) * experts])
      softmax.read(row.span)
      let order = row.indices.sorted { (-row[$0], $0) < (-row[$1], $1) }
      let kept = selection.experts[selection.assignments(of: token)].map(Int.init)
      #expect(kept == Array(order.prefix(kept.count)))
      let covered = kept.reduce(UInt64(0)) { $0 + UInt64(softmax.shares[$1]) }
      let limit = mass * Double(softmax.total)
      #expect(Double(covered) > limit || kept.count == experts)
      #expect(Double(covered - UInt64(softmax.shares[kept[kept.count - 1]])) <= limit)
    }
  }

  @Test func agreesWithASoftmaxInDoublePrecision() throws {
    let logits = Self.rows(200, experts: 64, seed: 5)
    let selection = try select(logits, experts: 64, mass: 0.6, renormalise: false)
    for token in 0..<200 {
      let row = logits[token * 64..<(token + 1) * 64].map(Double.init)
      let powers = row.map { exponential($0 - (row.max() ?? 0)) }
      let sum = powers.reduce(0, +)
      var covered = 0.0
      for place in selection.assignments(of: token) {
        #expect(covered <= 0.6 + 2e-6)
        let probability = powers[Int(selection.experts[place])] / sum
        #expect(abs(Double(selection.gates[place]) - probability) < 2e-6)
        covered += probability
      }
      #expect(covered > 0.6 - 2e-6)
    }
  }

  @Test(arguments: [1.0, 0.5])
  func weightsSumToOneOrToTheMassCovered(mass: Double) throws {
    let logits = Self.rows(60, experts: 48, seed: 9)
    let scaled = try select(logits, experts: 48, mass: mass)
    let unscaled = try select(logits, experts: 48, mass: mass, renormalise: false)
    #expect(scaled.experts == unscaled.experts)
    for token in 0..<60 {
      let places = scaled.assignments(of: token)
      #expect(abs(scaled.gates[places].reduce(0, +) - 1) < 2e-6)
      let covered = unscaled.gates[places].reduce(0, +)
      #expect(covered <= 1 + 1e-5 && Double(covered) > mass - 1e-5)
      for place in places { #expect(abs(scaled.gates[place] * covered - unscaled.gates[place]) < 1e-6) }
    }
  }

  @Test(arguments: [(1, 3), (2, 2), (4, 32), (5, 9)])
  func limitsHold(atLeast: Int, atMost: Int) throws {
    let logits = Self.rows(70, experts: 32, seed: 11)
    let free = try select(logits, experts: 32, mass: 0.7)
    let limited = try select(logits, experts: 32, mass: 0.7, atLeast: atLeast, atMost: atMost)
    var lengths: Set<Int> = []
    for token in 0..<70 {
      let wanted = free.assignments(of: token).count
      lengths.insert(wanted)
      let count = min(atMost, max(atLeast, wanted))
      let places = limited.assignments(of: token)
      #expect(places.count == count)
      let shared = min(count, wanted)
      #expect(
        limited.experts[places].prefix(shared) == free.experts[free.assignments(of: token)].prefix(shared))
    }
    #expect(lengths.count > 3)
  }

  @Test func aMassOfOneKeepsAllUpToTheLimit() throws {
    let logits = Self.rows(21, experts: 40, seed: 13)
    let all = try select(logits, experts: 40, mass: 1)
    #expect((0..<21).allSatisfy { all.assignments(of: $0).count == 40 })
    let some = try select(logits, experts: 40, mass: 1, atMost: 6)
    #expect((0..<21).allSatisfy { some.assignments(of: $0).count == 6 })
    for token in 0..<21 {
      #expect(
        all.experts[all.assignments(of: token)].prefix(6) == some.experts[some.assignments(of: token)].prefix(6))
    }
  }

  @Test func numberingExpertsOtherwiseKeepsTheSameOnes() throws {
    let experts = 96
    var logits = Self.rows(60, experts: experts, seed: 17)
    // Without ties, which do depend on the numbers.
    for index in logits.indices { logits[index] += Float(index % experts) * 1e-4 }
    var random = SplitMix64(seed: 19)
    let order = (0..<experts).shuffled(using: &random)
    let shuffled = (0..<60).flatMap { row in order.map { logits[row * experts + $0] } }
    for mass in [0.3, 0.5, 0.9, 0.99] {
      let first = try select(logits, experts: experts, mass: mass)
      let second = try select(shuffled, experts: experts, mass: mass)
      #expect(second.experts.map { UInt16(order[Int($0)]) } == first.experts)
      #expect(second.gates == first.gates)
    }
  }

  @Test func extremeLogitsStayFinite() throws {
    let largest = Float.greatestFiniteMagnitude
    let selection = try select([-largest, largest, 0, -1e-37], experts: 4, mass: 1)
    #expect(selection.experts == [1, 2, 3, 0])
    #expect(selection.gates[0] == 1 && selection.gates.allSatisfy { $0.isFinite && $0 >= 0 })
    #expect(try select([-largest, largest, 0], experts: 3, mass: 0.999).experts == [1])
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func aLogitThatIsNotFiniteIsNamedAndNothingIsAppended(bad: Float) throws {
    var gate = try TopP(expertsPerLayer: 2, mass: 0.5)
    var selection = Selection(expertsPerLayer: 2)
    #expect(throws: GatingError.logitNotFinite(token: 1, expert: 0)) {
      try gate.select(([0, 1, bad, 2] as [Float]).span, traits: TokenTraits(phase: .decode), into: &selection)
    }
    #expect(selection.tokenCount == 0)
  }

  @Test func massesOutsideTheirRangeAreNamed() throws {
    var gate = try TopP(expertsPerLayer: 4, mass: 0.5)
    for mass in [0, -0.1, 1.000_001, .infinity, -.infinity] {
      #expect(throws: GatingError.mass(mass)) { try TopP(expertsPerLayer: 4, mass: mass) }
      #expect(throws: GatingError.mass(mass)) { try gate.set(mass: mass) }
    }
    #expect(throws: GatingError.self) { try TopP(expertsPerLayer: 4, mass: .nan) }
    #expect(gate.mass == 0.5)
    #expect("\(GatingError.mass(2))".contains("above 0 and at most 1"))
  }

  @Test(arguments: [(0, 4), (3, 2), (1, 5), (5, 5), (-1, 2), (1, 0), (.max, .max), (.min, .min)])
  func limitsThatCannotHoldAreNamed(atLeast: Int, atMost: Int) {
    #expect(throws: GatingError.limits(atLeast: atLeast, atMost: atMost, expertsPerLayer: 4)) {
      try TopP(expertsPerLayer: 4, mass: 0.5, atLeast: atLeast, atMost: atMost)
    }
  }

  @Test func shapesAreChecked() throws {
    for experts in [0, -1, 65_536] {
      #expect(throws: GatingError.expertsPerLayer(experts, allowed: 1...65_535)) {
        try TopP(expertsPerLayer: experts, mass: 0.5)
      }
    }
    #expect(throws: GatingError.unevenRows(logits: 3, expertsPerLayer: 2)) {
      try select([1, 2, 3], experts: 2, mass: 0.5)
    }
  }

  @Test func manyExpertsThatAllCountAreSummedWithoutOverflow() throws {
    let selection = try select(Array(repeating: 1, count: 65_535), experts: 65_535, mass: 0.5)
    #expect(selection.assignmentCount == 32_768)
  }

  @Test func aSmallerBatchAfterALargerOneHasOnlyItsOwnRows() throws {
    var gate = try TopP(expertsPerLayer: 3, mass: 0.99)
    var selection = Selection(expertsPerLayer: 3)
    try gate.select(([1, 2, 3, 3, 2, 1] as [Float]).span, traits: TokenTraits(phase: .decode), into: &selection)
    selection.removeAll()
    try gate.set(mass: 0.5)
    try gate.select(([0, 9, 5] as [Float]).span, traits: TokenTraits(phase: .prefill), into: &selection)
    #expect(selection.experts == [1] && selection.gates == [1] && selection.traits == [TokenTraits(phase: .prefill)])
  }
}

/// e^x as a sum of its series, after halving x until that is quick.
private func exponential(_ x: Double) -> Double {
  guard x > -700 else { return 0 }
  let halved = x / 1024
  var term = 1.0
  var sum = 1.0
  for place in 1...20 {
    term *= halved / Double(place)
    sum += term
  }
  return (0..<10).reduce(sum) { power, _ in power * power }
}

import Glibc

/// The softmax of one row of router logits, in numbers that do not depend on the machine or the order of experts.
struct RouterSoftmax: Sendable {
  // Algorithm: e^(logit − highest) is taken in float32 without fused operations, so that every machine gets the same
  // bits, and again as a whole number of 2⁻²³. Whole numbers add up to the same sum in every order: which experts
  // cover a mass cannot depend on how they are numbered. What is below 2⁻²⁴ of the highest counts as 0.
  //
  // x = n · ln 2 + r with |r| ≤ ln 2 / 2; the power of two is written into the exponent, e^r is its Taylor polynomial
  // of degree 7. ln 2 is split so that n times its upper part is exact. Loops have no branches: they run as vectors.

  /// The whole number that stands for the highest logit's e^0.
  static let one: UInt32 = 1 << 23

  /// `[expert]`: e^(logit − highest).
  private(set) var powers: [Float]
  /// `[expert]`: the same in units of 2⁻²³.
  private(set) var shares: [UInt32]
  /// `[expert]`: numbers in the order of the logits.
  private(set) var ranks: [Int32]
  /// The sum of `shares`.
  private(set) var total: UInt64 = 0
  /// `[expert]`: logit − highest, at least −87.
  private var differences: [Float]

  init(experts: Int) {
    powers = Array(repeating: 0, count: experts)
    differences = powers
    shares = Array(repeating: 0, count: experts)
    ranks = Array(repeating: 0, count: experts)
  }

  /// Reads a row of as many finite logits as there are experts.
  mutating func read(_ row: Span<Float>) {
    let highest = Self.rank(row, &ranks)
    Self.subtract(highest, from: row, into: &differences)
    Self.raise(differences, into: &powers)
    total = Self.count(powers, into: &shares)
  }

  /// −Σ p · ln p, in nats.
  var entropy: Double {
    var sum = 0.0
    var product = 0.0
    for expert in powers.indices {
      sum += Double(powers[expert])
      product += Double(powers[expert]) * Double(differences[expert])
    }
    return log(sum) - product / sum
  }

  /// Σ p².
  var concentration: Double {
    var sum = 0.0
    var squares = 0.0
    for power in powers {
      sum += Double(power)
      squares += Double(power) * Double(power)
    }
    return squares / (sum * sum)
  }

  /// Numbers the logits in their order, and finds the highest.
  private static func rank(_ row: Span<Float>, _ ranks: inout [Int32]) -> Float {
    var ranks = ranks.mutableSpan
    var highest = Int32.min
    for index in row.indices {
      // Adding 0 makes −0 the same as 0. A negative number's lower bits count the other way round.
      let bits = Int32(bitPattern: (row[index] + 0).bitPattern)
      let rank = bits ^ ((bits >> 31) & 0x7fff_ffff)
      ranks[index] = rank
      highest = max(highest, rank)
    }
    return Float(bitPattern: UInt32(bitPattern: highest ^ ((highest >> 31) & 0x7fff_ffff)))
  }

  private static func subtract(_ highest: Float, from row: Span<Float>, into differences: inout [Float]) {
    var differences = differences.mutableSpan
    for index in row.indices {
      let difference = row[index] - highest
      differences[index] = difference > -87 ? difference : -87
    }
  }

  private static func raise(_ exponents: [Float], into powers: inout [Float]) {
    let exponents = exponents.span
    var powers = powers.mutableSpan
    for index in exponents.indices { powers[index] = power(exponents[index]) }
  }

  /// e^x for x from −87 to 0.
  @inline(__always)
  private static func power(_ x: Float) -> Float {
    // Adding 1.5 · 2²³ leaves the nearest integer in the low bits.
    let rounding: Float = 12_582_912
    let shifted = x * 1.442_695_04 + rounding
    let n = shifted - rounding
    let r = x - n * 0.693_359_375 + n * 2.121_944_4e-4
    var power = r * (1 / 5040) + (1 / 720)
    power = power * r + (1 / 120)
    power = power * r + (1 / 24)
    power = power * r + (1 / 6)
    power = power * r + 0.5
    power = power * r + 1
    power = power * r + 1
    return power * Float(bitPattern: (shifted.bitPattern &+ 127) &<< 23)
  }

  /// Rounds every power to whole units and sums those.
  private static func count(_ powers: [Float], into shares: inout [UInt32]) -> UInt64 {
    let powers = powers.span
    var shares = shares.mutableSpan
    var total: UInt64 = 0
    for index in powers.indices {
      // From 1 to 2 floats are 2⁻²³ apart, so their bits count those steps.
      let share = (powers[index] + 1).bitPattern &- Float(1).bitPattern
      shares[index] = share
      total &+= UInt64(share)
    }
    return total
  }
}

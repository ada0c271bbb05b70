import BallastRuntime
import Synchronization

/// One layer's share of a calibration reservoir.
final class LayerTokens: Sendable {
  private let state: Mutex<Buckets>

  init(experts: Int, capacity: Int, heldOut: Int, balance: CalibrationReservoir.Balance, seed: UInt64) {
    state = Mutex(Buckets(experts: experts, capacity: capacity, heldOut: heldOut, balance: balance, seed: seed))
  }

  /// Offers one token; gives it up when another lane is at it.
  func offer(_ input: Span<Float>, gate: Float, expert: Int) {
    state.withLockIfAvailable { $0.offer(input, gate: gate, expert: expert) }
  }

  func tokens(of expert: Int, heldOut: Bool, hidden: Int) -> CalibrationTokens {
    state.withLock { $0.tokens(of: expert, heldOut: heldOut, hidden: hidden) }
  }
}

/// The buckets behind the lock.
private struct Buckets {
  /// A token as it is kept: numbers to the upper half of their bits.
  struct Kept {
    let expert: Int32
    let gate: Float
    let input: [UInt16]
  }

  struct Bucket {
    let capacity: Int
    var offered: UInt64 = 0
    var kept: [Kept] = []
  }

  private var fitted: [Bucket]
  private var heldOut: [Bucket]
  /// `[expert]`: tokens offered, of which every fourth is held out.
  private var turns: [UInt64]
  private var random: SplitMix64
  private let balance: CalibrationReservoir.Balance

  init(experts: Int, capacity: Int, heldOut: Int, balance: CalibrationReservoir.Balance, seed: UInt64) {
    self.balance = balance
    random = SplitMix64(seed: seed)
    turns = Array(repeating: 0, count: experts)
    fitted =
      balance == .balanced
      ? Array(repeating: Bucket(capacity: capacity), count: experts) : [Bucket(capacity: capacity * experts)]
    self.heldOut = Array(repeating: Bucket(capacity: heldOut), count: experts)
  }

  mutating func offer(_ input: Span<Float>, gate: Float, expert: Int) {
    turns[expert] += 1
    if turns[expert] % 4 == 0 {
      Self.offer(input, gate, expert, to: &heldOut[expert], &random)
    } else {
      Self.offer(input, gate, expert, to: &fitted[balance == .balanced ? expert : 0], &random)
    }
  }

  private static func offer(
    _ input: Span<Float>, _ gate: Float, _ expert: Int, to bucket: inout Bucket, _ random: inout SplitMix64
  ) {
    bucket.offered += 1
    var place = bucket.kept.count
    if place >= bucket.capacity {
      place = Int(clamping: random.next() % bucket.offered)
      guard place < bucket.capacity else { return }
    }
    var halves: [UInt16] = []
    halves.reserveCapacity(input.count)
    for index in input.indices {
      let value = input[index]
      guard value.isFinite else { return }
      halves.append(UInt16(truncatingIfNeeded: (value.bitPattern &+ 0x8000) >> 16))
    }
    let kept = Kept(expert: Int32(expert), gate: gate, input: halves)
    if place == bucket.kept.count { bucket.kept.append(kept) } else { bucket.kept[place] = kept }
  }

  func tokens(of expert: Int, heldOut wanted: Bool, hidden: Int) -> CalibrationTokens {
    var tokens = CalibrationTokens(hidden: hidden)
    let all = wanted ? heldOut : fitted
    let place = all.count > 1 ? expert : 0
    guard all.indices.contains(place) else { return tokens }
    for kept in all[place].kept where kept.expert == Int32(expert) {
      tokens.append(kept.input.lazy.map { Float(bitPattern: UInt32($0) << 16) }, gate: kept.gate)
    }
    return tokens
  }
}

/// Memory that solving a split needs beside the split itself; kept between batches.
struct DivisionScratch: Sendable {
  private var replicaTokens: [Double] = []
  /// `[even, solved, saved, weights][piece]`.
  private var pieceTokens: [Double] = []
  private var candidates: [Division.Candidate] = []
  private var places: [Int] = []

  /// The memory while it is lent.
  struct Loan {
    let replicaTokens: Lent<Double>
    let even: Lent<Double>
    let solved: Lent<Double>
    let saved: Lent<Double>
    let weights: Lent<Double>
    let candidates: Lent<Division.Candidate>
    let places: Lent<Int>
  }

  /// Sets the tokens of every replica to 0.
  mutating func begin(replicas: Int) {
    replicaTokens.resize(to: replicas + 1, with: 0)
    replicaTokens.setAll(to: 0)
  }

  /// Makes room for a split of this size.
  mutating func makeRoom(pieces: Int, items: Int, devices: Int) {
    let stride = pieces + 1
    if pieceTokens.count < 4 * stride { pieceTokens.resize(to: 4 * stride, with: 0) }
    if candidates.count < stride {
      candidates.resize(to: stride, with: Division.Candidate(piece: 0, entry: 0, speed: 0))
    }
    if places.count < items + devices { places.resize(to: items + devices, with: 0) }
  }

  /// Lends the memory.
  mutating func lend(_ body: (Loan) -> Void) {
    Self.lend(&replicaTokens, &pieceTokens, &candidates, &places, body)
  }

  // Arrays come one by one because lending memory keeps the whole value it was taken from.
  private static func lend(
    _ replicaTokens: inout [Double], _ pieceTokens: inout [Double], _ candidates: inout [Division.Candidate],
    _ places: inout [Int], _ body: (Loan) -> Void
  ) {
    // Safety: the arrays stay in place, and are reached through the loan alone, while `body` runs.
    unsafe replicaTokens.withUnsafeMutableBufferPointer { replicaTokens in
      unsafe pieceTokens.withUnsafeMutableBufferPointer { pieceTokens in
        unsafe candidates.withUnsafeMutableBufferPointer { candidates in
          unsafe places.withUnsafeMutableBufferPointer { places in
            let tokens = unsafe Lent(pieceTokens)
            let count = tokens.count / 4
            unsafe body(
              Loan(
                replicaTokens: Lent(replicaTokens), even: tokens.from(0, count: count),
                solved: tokens.from(count, count: count), saved: tokens.from(2 * count, count: count),
                weights: tokens.from(3 * count, count: count),
                candidates: Lent(candidates), places: Lent(places)))
          }
        }
      }
    }
  }
}

/// Memory that solving a split needs beside the split itself; kept between batches.
struct DivisionScratch: Sendable {
  private var replicaTokens: [Double] = []
  /// `[even, solved, saved][piece]`.
  private var pieceTokens: [Double] = []
  private var candidates: [Division.Candidate] = []
  private var places: [Int] = []

  /// Addresses of the memory while it is lent.
  @safe struct Pointers {
    // Safety: valid during `withPointers`, each for as many elements as `makeRoom` and `begin` were asked for.
    let replicaTokens: UnsafeMutablePointer<Double>
    let even: UnsafeMutablePointer<Double>
    let solved: UnsafeMutablePointer<Double>
    let saved: UnsafeMutablePointer<Double>
    let candidates: UnsafeMutablePointer<Division.Candidate>
    /// `[items + devices]`: for the search that groups items by the devices they share.
    let places: UnsafeMutablePointer<Int>
  }

  /// Sets the tokens of every replica to 0.
  mutating func begin(replicas: Int) {
    replicaTokens.resize(to: replicas + 1, with: 0)
    replicaTokens.setAll(to: 0)
  }

  /// Makes room for a split of this size.
  mutating func makeRoom(pieces: Int, items: Int, devices: Int) {
    let stride = pieces + 1
    if pieceTokens.count < 3 * stride { pieceTokens.resize(to: 3 * stride, with: 0) }
    if candidates.count < stride { candidates.resize(to: stride, with: Division.Candidate(piece: 0, entry: 0)) }
    if places.count < items + devices { places.resize(to: items + devices, with: 0) }
  }

  /// Lends the memory.
  mutating func withPointers(_ body: (Pointers) -> Void) {
    Self.lend(&replicaTokens, &pieceTokens, &candidates, &places, body)
  }

  private static func lend(
    _ replicaTokens: inout [Double], _ pieceTokens: inout [Double], _ candidates: inout [Division.Candidate],
    _ places: inout [Int], _ body: (Pointers) -> Void
  ) {
    // Safety: the arrays stay in place while their memory is lent.
    unsafe replicaTokens.withUnsafeMutableBufferPointer { replicaTokens in
      unsafe pieceTokens.withUnsafeMutableBufferPointer { pieceTokens in
        unsafe candidates.withUnsafeMutableBufferPointer { candidates in
          unsafe places.withUnsafeMutableBufferPointer { places in
            guard let replicas = replicaTokens.baseAddress, let even = pieceTokens.baseAddress,
              let candidates = candidates.baseAddress, let places = places.baseAddress
            else { return }
            let stride = pieceTokens.count / 3
            unsafe body(
              Pointers(
                replicaTokens: replicas, even: even, solved: even + stride, saved: even + 2 * stride,
                candidates: candidates, places: places))
          }
        }
      }
    }
  }
}

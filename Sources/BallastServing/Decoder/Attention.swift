/// The queries of one token against the keys and values of its sequence.
struct Attention: Sendable {
  // Algorithm: scores of all heads, softmax of all heads, weighted sums of all heads; the outer passes go through
  // the sequence's panels in the order they lie in memory (`KeyValueCache`), which is what bounds attention.

  private typealias Lanes = SIMD16<Float>

  private let capacity: Int
  /// Scores of every head, `[head][position]`.
  private var scores: [Float]
  /// Sums of every head, `[head][dimension]`, padded as values are.
  private var sums: [Float]

  /// Scratch for `heads` query heads over sequences `cache` can hold.
  init(heads: Int, cache: borrowing KeyValueCache) {
    capacity = cache.capacity
    scores = Array(repeating: 0, count: heads * cache.capacity)
    sums = Array(repeating: 0, count: heads * cache.valueWidth)
  }

  /// Overwrites `output`, `[head][dimension]` from `first` on, with what each query head gathers.
  ///
  /// The queries, `[head][dimension]` from `queryStart` on, are rotated; they see the first `length` positions.
  mutating func attend(
    _ queries: [Float], from queryStart: Int, heads: Int, cache: borrowing KeyValueCache, slot: Int, layer: Int,
    length: Int, into output: inout [Float], from first: Int
  ) {
    let width = cache.headWidth
    precondition(length > 0 && length <= capacity && capacity == cache.capacity, "not this cache's scratch")
    precondition(heads * capacity == scores.count && heads * cache.valueWidth == sums.count, "another number of heads")
    precondition(queryStart + heads * width <= queries.count && first + heads * width <= output.count, "a row is short")
    meetKeys(queries, from: queryStart, heads: heads, cache: cache, slot: slot, layer: layer, length: length)
    gatherValues(heads: heads, cache: cache, slot: slot, layer: layer, length: length)
    for head in 0..<heads {
      for dimension in 0..<width {
        output[first + head * width + dimension] = sums[head * cache.valueWidth + dimension]
      }
    }
  }

  /// Leaves the weight each head gives each position in `scores`.
  private mutating func meetKeys(
    _ queries: [Float], from queryStart: Int, heads: Int, cache: borrowing KeyValueCache, slot: Int, layer: Int,
    length: Int
  ) {
    let width = cache.headWidth
    let first = cache.firstKey(slot: slot, layer: layer)
    // Safety: the caller's preconditions and the cache's layout bound every address; the buffers outlive the closures.
    unsafe scores.withUnsafeMutableBufferPointer { scores in
      unsafe queries.withUnsafeBufferPointer { queries in
        unsafe cache.keys.withUnsafeBufferPointer { keys in
          guard let score = scores.baseAddress, let query = queries.baseAddress, let key = keys.baseAddress else {
            return
          }
          for index in 0..<KeyValueCache.padded(length) / KeyValueCache.panel * heads {
            let (panel, head) = index.quotientAndRemainder(dividingBy: heads)
            let start = first + (panel * cache.heads + head * cache.heads / heads) * width * KeyValueCache.panel
            unsafe Self.score(
              query + queryStart + head * width, key + start, width: width,
              score + head * capacity + panel * KeyValueCache.panel)
          }
          for head in 0..<heads { unsafe Self.soften(score + head * capacity, length: length) }
        }
      }
    }
  }

  /// Leaves the weighted sum of each head in `sums`.
  private mutating func gatherValues(
    heads: Int, cache: borrowing KeyValueCache, slot: Int, layer: Int, length: Int
  ) {
    let width = cache.valueWidth
    let first = cache.firstValue(slot: slot, layer: layer)
    // Safety: as in `meetKeys`.
    unsafe scores.withUnsafeBufferPointer { scores in
      unsafe sums.withUnsafeMutableBufferPointer { sums in
        unsafe cache.values.withUnsafeBufferPointer { values in
          guard let score = scores.baseAddress, let sum = sums.baseAddress, let value = values.baseAddress else {
            return
          }
          unsafe sum.update(repeating: 0, count: heads * width)
          for index in 0..<KeyValueCache.padded(length) / KeyValueCache.panel * heads {
            let (panel, head) = index.quotientAndRemainder(dividingBy: heads)
            let position = panel * KeyValueCache.panel
            let start = first + (panel * cache.heads + head * cache.heads / heads) * width * KeyValueCache.panel
            unsafe Self.gather(
              score + head * capacity + position, value + start, width: width,
              positions: min(KeyValueCache.panel, length - position), sum + head * width)
          }
        }
      }
    }
  }

  // Safety: callers pass a query of `width` values and scores of one vector.
  /// Writes query · key / √width for the sixteen positions of a panel; `width` is even.
  @inline(__always)
  private static func score(
    _ query: UnsafePointer<Float>, _ keys: UnsafePointer<Float>, width: Int, _ scores: UnsafeMutablePointer<Float>
  ) {
    // Safety: a panel holds `width` vectors.
    var address = unsafe UnsafeRawPointer(keys)
    var even = Lanes.zero
    var odd = Lanes.zero
    for pair in 0..<width / 2 {
      unsafe even += address.loadUnaligned(as: Lanes.self) * query[2 * pair]
      unsafe odd +=
        address.loadUnaligned(fromByteOffset: MemoryLayout<Lanes>.stride, as: Lanes.self)
        * query[2 * pair + 1]
      unsafe address += 2 * MemoryLayout<Lanes>.stride
    }
    let scale = 1 / Float(width).squareRoot()
    unsafe UnsafeMutableRawPointer(scores).storeBytes(of: (even + odd) * scale, as: Lanes.self)
  }

  // Safety: callers pass scores padded to whole panels.
  /// Turns scores into weights that sum to 1; those beyond `length`, up to a whole panel, into nearly 0.
  private static func soften(_ scores: UnsafeMutablePointer<Float>, length: Int) {
    // Safety: the padding is there to be written, and vectors end where it ends.
    for position in length..<KeyValueCache.padded(length) { unsafe scores[position] = -.infinity }
    let start = UnsafeMutableRawPointer(scores)
    let end = KeyValueCache.padded(length) * MemoryLayout<Float>.stride
    var highest = unsafe start.loadUnaligned(as: Lanes.self)
    for offset in stride(from: 0, to: end, by: MemoryLayout<Lanes>.stride) {
      let next = unsafe start.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
      highest = highest.replacing(with: next, where: next .> highest)
    }
    let maximum = largest(highest)
    var total = Lanes.zero
    for offset in stride(from: 0, to: end, by: MemoryLayout<Lanes>.stride) {
      let powers = Exponential.of(unsafe start.loadUnaligned(fromByteOffset: offset, as: Lanes.self) - maximum)
      total += powers
      unsafe start.storeBytes(of: powers, toByteOffset: offset, as: Lanes.self)
    }
    let scale = 1 / sum(total)
    for offset in stride(from: 0, to: end, by: MemoryLayout<Lanes>.stride) {
      let weights = unsafe start.loadUnaligned(fromByteOffset: offset, as: Lanes.self) * scale
      unsafe start.storeBytes(of: weights, toByteOffset: offset, as: Lanes.self)
    }
  }

  // Safety: callers pass `positions` weights and sums of `width` values.
  /// Adds Σ weight · value over the first `positions` of a panel to `sums`; `width` is whole vectors.
  @inline(__always)
  private static func gather(
    _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>, width: Int, positions: Int,
    _ sums: UnsafeMutablePointer<Float>
  ) {
    for block in stride(from: 0, to: width, by: Lanes.scalarCount) {
      // Safety: a panel holds `width` values for each of its positions.
      let target = unsafe UnsafeMutableRawPointer(sums + block)
      var address = unsafe UnsafeRawPointer(values + block)
      var even = unsafe target.loadUnaligned(as: Lanes.self)
      var odd = Lanes.zero
      let step = width * MemoryLayout<Float>.stride
      for pair in 0..<positions / 2 {
        unsafe even += address.loadUnaligned(as: Lanes.self) * weights[2 * pair]
        unsafe odd += address.loadUnaligned(fromByteOffset: step, as: Lanes.self) * weights[2 * pair + 1]
        unsafe address += 2 * step
      }
      if positions % 2 == 1 { unsafe even += address.loadUnaligned(as: Lanes.self) * weights[positions - 1] }
      unsafe target.storeBytes(of: even + odd, as: Lanes.self)
    }
  }

  // By halves: the library's `sum` and `max` go through memory lane by lane.

  @inline(__always)
  private static func sum(_ lanes: Lanes) -> Float {
    let eight = lanes.lowHalf + lanes.highHalf
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
  }

  @inline(__always)
  private static func largest(_ lanes: Lanes) -> Float {
    let eight = lanes.lowHalf.replacing(with: lanes.highHalf, where: lanes.highHalf .> lanes.lowHalf)
    let four = eight.lowHalf.replacing(with: eight.highHalf, where: eight.highHalf .> eight.lowHalf)
    let two = four.lowHalf.replacing(with: four.highHalf, where: four.highHalf .> four.lowHalf)
    return max(two.x, two.y)
  }
}

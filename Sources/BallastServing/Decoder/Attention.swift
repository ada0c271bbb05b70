/// One query head against the keys and values of its sequence.
struct Attention: Sendable {
  // Algorithm: scores, softmax and weighted sum in three passes over memory that fits the first-level cache. A
  // query meets sixteen keys at a time (`KeyValueCache` says how they lie).

  private typealias Lanes = SIMD16<Float>

  /// `[position]`, as many as the longest sequence, padded.
  private var scores: [Float]

  /// Scratch for sequences of up to `capacity` positions, a multiple of sixteen.
  init(capacity: Int) { scores = Array(repeating: 0, count: capacity) }

  /// Overwrites `output`, `[head][dimension]` from `first` on, with what each query head gathers.
  ///
  /// - Parameters:
  ///   - queries: `[head][dimension]`, rotated, from `queryStart` on.
  ///   - length: Positions the queries may see; the first of them.
  mutating func attend(
    _ queries: [Float], from queryStart: Int, heads: Int, cache: borrowing KeyValueCache, slot: Int, layer: Int,
    length: Int, into output: inout [Float], from first: Int
  ) {
    let width = cache.headWidth
    precondition(length <= scores.count && length <= cache.capacity, "a sequence is longer than its cache")
    precondition(queryStart + heads * width <= queries.count && first + heads * width <= output.count, "a row is short")
    let sharing = heads / cache.heads
    // Safety: the preconditions above and the cache's own layout bound every address below; all buffers outlive
    // the closures.
    unsafe queries.withUnsafeBufferPointer { queries in
      unsafe cache.keys.withUnsafeBufferPointer { keys in
        unsafe cache.values.withUnsafeBufferPointer { values in
          unsafe scores.withUnsafeMutableBufferPointer { scores in
            unsafe output.withUnsafeMutableBufferPointer { output in
              guard let query = queries.baseAddress, let key = keys.baseAddress, let value = values.baseAddress,
                let score = scores.baseAddress, let target = output.baseAddress
              else { return }
              for head in 0..<heads {
                let shared = head / sharing
                unsafe Self.score(
                  query + queryStart + head * width, key + cache.firstKey(slot: slot, layer: layer, head: shared),
                  width: width, length: length, score)
                let scale = unsafe Self.soften(score, length: length)
                unsafe Self.gather(
                  score, value + cache.firstValue(slot: slot, layer: layer, head: shared), width: width,
                  stride: cache.valueWidth, length: length, scale: scale, target + first + head * width)
              }
            }
          }
        }
      }
    }
  }

  /// Writes query · key / √width for every position of the panels that hold `length`; those beyond get −∞.
  private static func score(
    _ query: UnsafePointer<Float>, _ keys: UnsafePointer<Float>, width: Int, length: Int,
    _ scores: UnsafeMutablePointer<Float>
  ) {
    let scale = 1 / Float(width).squareRoot()
    for panel in 0..<(length + Lanes.scalarCount - 1) / Lanes.scalarCount {
      // Safety: a panel holds `width` vectors; `width` is even.
      let start = unsafe UnsafeRawPointer(keys + panel * Lanes.scalarCount * width)
      var even = Lanes.zero
      var odd = Lanes.zero
      for pair in 0..<width / 2 {
        let address = unsafe start + pair * 2 * MemoryLayout<Lanes>.stride
        let first = unsafe address.loadUnaligned(as: Lanes.self)
        let second = unsafe address.loadUnaligned(fromByteOffset: MemoryLayout<Lanes>.stride, as: Lanes.self)
        unsafe even += first * query[2 * pair]
        unsafe odd += second * query[2 * pair + 1]
      }
      unsafe UnsafeMutableRawPointer(scores + panel * Lanes.scalarCount)
        .storeBytes(of: (even + odd) * scale, as: Lanes.self)
    }
    for position in length..<KeyValueCache.padded(length) { unsafe scores[position] = -.infinity }
  }

  /// Turns scores into e^(score − highest); returns what scales their sum to 1.
  private static func soften(_ scores: UnsafeMutablePointer<Float>, length: Int) -> Float {
    let panels = (length + Lanes.scalarCount - 1) / Lanes.scalarCount
    // Safety: scores are padded to whole panels, and the padding is −∞.
    let start = UnsafeMutableRawPointer(scores)
    var highest = unsafe start.loadUnaligned(as: Lanes.self)
    for panel in 1..<max(1, panels) {
      let next = unsafe start.loadUnaligned(fromByteOffset: panel * MemoryLayout<Lanes>.stride, as: Lanes.self)
      highest = highest.replacing(with: next, where: next .> highest)
    }
    let maximum = highest.max()
    var sums = Lanes.zero
    for panel in 0..<panels {
      let offset = panel * MemoryLayout<Lanes>.stride
      let powers = Exponential.of(unsafe start.loadUnaligned(fromByteOffset: offset, as: Lanes.self) - maximum)
      sums += powers
      unsafe start.storeBytes(of: powers, toByteOffset: offset, as: Lanes.self)
    }
    return 1 / sums.sum()
  }

  /// Writes Σ score · value · `scale` over the positions.
  private static func gather(
    _ scores: UnsafePointer<Float>, _ values: UnsafePointer<Float>, width: Int, stride: Int, length: Int, scale: Float,
    _ output: UnsafeMutablePointer<Float>
  ) {
    for block in 0..<stride / Lanes.scalarCount {
      // Safety: a value is padded to whole vectors; only `width` of them are written out.
      var even = Lanes.zero
      var odd = Lanes.zero
      var address = unsafe UnsafeRawPointer(values + block * Lanes.scalarCount)
      let step = stride * MemoryLayout<Float>.stride
      for pair in 0..<length / 2 {
        unsafe even += address.loadUnaligned(as: Lanes.self) * scores[2 * pair]
        unsafe odd += address.loadUnaligned(fromByteOffset: step, as: Lanes.self) * scores[2 * pair + 1]
        unsafe address += 2 * step
      }
      if length % 2 == 1 { unsafe even += address.loadUnaligned(as: Lanes.self) * scores[length - 1] }
      let sum = (even + odd) * scale
      let first = block * Lanes.scalarCount
      for lane in 0..<min(Lanes.scalarCount, width - first) { unsafe output[first + lane] = sum[lane] }
    }
  }
}

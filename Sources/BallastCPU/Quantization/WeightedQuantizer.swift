/// Quantizes for the tokens an expert really meets, each weighed by its gate weight.
///
/// Never worse than plain rounding on those tokens: every row keeps the better of the two.
struct WeightedQuantizer: Sendable {
  // Algorithm: minimise Σ gate · ‖(W − Q) x‖² (affinity-guided quantization, MoEQuant) over the scale of each group and
  // the codes. A group is rounded column by column, each column after adding what the columns before it err, by the
  // factor of the moments (`FeedbackFactor`); of the scales tried, the one whose columns err least is kept. Sixteen
  // rows are rounded at once, one a lane.
  private typealias Lanes = SIMD16<Float>

  let grid: QuantizationGrid

  /// Added to the diagonal of moments whose mean diagonal is 1: what few tokens leave open stays near plain rounding.
  private static func damping(columns: Int, tokens: Int) -> Double {
    0.01 + 0.12 * Double(columns) / Double(max(tokens, 1))
  }
  /// Scales tried, as shares of the plain one.
  private static let scaleShares: [Float] = [0.75, 0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15]
  private static let lanes = 16
  /// Added and taken away, it leaves the nearest whole number, ties to even.
  private static let roundingOffset: Float = 12_582_912

  /// Quantizes `[row][column]` weights.
  ///
  /// - Parameters:
  ///   - weights: `rows` × `columns` numbers.
  ///   - rows: Outputs.
  ///   - columns: Length of the reduction.
  ///   - moments: Of what the matrix reads, gate-weighted; without a token they leave plain rounding.
  /// - Returns: nil when a weight is not finite, or there is no memory.
  /// - Complexity: O(rows · columns² + columns³).
  func quantize(_ weights: [Float], rows: Int, columns: Int, moments: InputMoments) -> QuantizedMatrix? {
    guard let plain = PlainQuantizer(grid: grid).quantize(weights, rows: rows, columns: columns) else { return nil }
    let damping = Self.damping(columns: columns, tokens: moments.tokens)
    guard let moments = moments.symmetric,
      let factor = FeedbackFactor(moments, width: columns, damping: damping)
    else { return plain }
    var best = plain
    for first in stride(from: 0, to: rows, by: Self.lanes) {
      let count = min(Self.lanes, rows - first)
      let block = quantize(block: weights, first: first, count: count, columns: columns, factor, plain)
      for row in first..<first + count {
        let exact = weights.span.extracting(row * columns..<(row + 1) * columns)
        let before = Self.error(exact, plain.weights(row: row), moments)
        if Self.error(exact, block.weights(row: row - first), moments) < before {
          best.replaceRow(row, by: block, row: row - first)
        }
      }
    }
    return best
  }

  /// (w − q) · moments · (w − q)ᵀ of one row.
  static func error(_ exact: Span<Float>, _ quantized: [Float], _ moments: [Float]) -> Double {
    let width = quantized.count
    let difference = (0..<width).map { exact[$0] - quantized[$0] }
    var sums = Array(repeating: Float(0), count: width)
    for row in 0..<width where difference[row] != 0 {
      add(difference[row], moments.span.extracting(row * width..<(row + 1) * width), to: &sums)
    }
    return zip(sums, difference).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  private static func add(_ factor: Float, _ values: Span<Float>, to sums: inout [Float]) {
    var target = sums.mutableSpan
    for index in values.indices { target[index] += factor * values[index] }
  }

  /// Up to sixteen rows of weights, group by group.
  private func quantize(
    block weights: [Float], first: Int, count: Int, columns: Int, _ factor: FeedbackFactor, _ plain: QuantizedMatrix
  ) -> QuantizedMatrix {
    var block = QuantizedMatrix(rows: count, columns: columns, grid: grid)
    var exact = Array(repeating: Lanes.zero, count: columns)
    for lane in 0..<count {
      for column in 0..<columns { exact[column][lane] = weights[(first + lane) * columns + column] }
    }
    var targets = exact
    let groups = grid.groups(columns)
    for group in 0..<groups {
      let range = grid.columns(of: group, in: columns)
      var base = Lanes.zero
      for lane in 0..<count { base[lane] = plain.scales[(first + lane) * groups + group] }
      let rounded = bestGroup(exact, targets, range, base, factor)
      for lane in 0..<count {
        block.scales[lane * groups + group] = rounded.scales[lane]
        for column in range {
          block.codes[lane * columns + column] = Int8(rounded.codes[column - range.lowerBound][lane])
        }
      }
      for column in range {
        let error = exact[column] - rounded.codes[column - range.lowerBound] * rounded.scales
        Self.feed(error, factor.feedback, from: column, to: range.upperBound..<columns, into: &targets)
      }
    }
    return block
  }

  private static func stored(_ scales: Lanes) -> Lanes {
    var stored = scales
    for lane in 0..<lanes { stored[lane] = QuantizationGrid.stored(scales[lane]) }
    return stored
  }

  private struct RoundedGroup {
    var codes: [Lanes]
    var scales: Lanes
  }

  /// The group at the scale whose columns err least, lane by lane.
  private func bestGroup(
    _ exact: [Lanes], _ targets: [Lanes], _ range: Range<Int>, _ base: Lanes, _ factor: FeedbackFactor
  ) -> RoundedGroup {
    var best = RoundedGroup(codes: Array(repeating: .zero, count: range.count), scales: .zero)
    var least = Lanes(repeating: .infinity)
    var codes = best.codes
    for share in Self.scaleShares {
      let scales = Self.stored(base * share)
      let cost = round(exact, targets, range, scales, factor, into: &codes)
      let isLess = cost .< least
      least.replace(with: cost, where: isLess)
      best.scales.replace(with: scales, where: isLess)
      for index in codes.indices { best.codes[index].replace(with: codes[index], where: isLess) }
    }
    return best
  }

  /// Rounds a group's columns in turn, and says what they err.
  private func round(
    _ exact: [Lanes], _ targets: [Lanes], _ range: Range<Int>, _ scales: Lanes, _ factor: FeedbackFactor,
    into codes: inout [Lanes]
  ) -> Lanes {
    let least = Lanes(repeating: Float(grid.leastCode))
    let most = -least - 1
    let offset = Lanes(repeating: Self.roundingOffset)
    var inverse = Lanes.zero
    for lane in 0..<Self.lanes where QuantizationGrid.isUsable(scales[lane]) { inverse[lane] = 1 / scales[lane] }
    var own = Array(targets[range])
    var cost = Lanes.zero
    for index in own.indices {
      let column = range.lowerBound + index
      let limited = (own[index] * inverse).clamped(lowerBound: least, upperBound: most)
      let code = (limited + offset) - offset
      codes[index] = code
      let value = code * scales
      let missed = own[index] - value
      cost += missed * missed * factor.weights[column]
      let row = column * factor.width + range.lowerBound
      Self.feed(exact[column] - value, factor.feedback, row: row, to: index + 1..<own.count, into: &own)
    }
    return cost
  }

  private static func feed(
    _ error: Lanes, _ feedback: [Float], row: Int, to columns: Range<Int>, into targets: inout [Lanes]
  ) {
    let factors = feedback.span
    var target = targets.mutableSpan
    for column in columns { target[column] += error * factors[row + column] }
  }

  private static func feed(
    _ error: Lanes, _ feedback: [Float], from column: Int, to columns: Range<Int>, into targets: inout [Lanes]
  ) {
    let width = targets.count
    feed(error, feedback, row: column * width, to: columns, into: &targets)
  }
}

/// Spearman's rank correlation.
public enum RankCorrelation {
  /// How alike two orders are: 1 the same, 0 unrelated, −1 reversed; 0 when one of them has no order.
  public static func of(_ left: [Double], _ right: [Double]) -> Double {
    let (one, other) = (ranks(left), ranks(right))
    guard one.count == other.count, !one.isEmpty else { return 0 }
    let mean = Double(one.count + 1) / 2
    var product = 0.0
    var squares = (0.0, 0.0)
    for (first, second) in zip(one, other) {
      product += (first - mean) * (second - mean)
      squares.0 += (first - mean) * (first - mean)
      squares.1 += (second - mean) * (second - mean)
    }
    let size = (squares.0 * squares.1).squareRoot()
    return size > 0 ? product / size : 0
  }

  /// Ranks from 1; equal values share the mean of theirs.
  static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = Array(repeating: 0.0, count: values.count)
    var first = 0
    while first < order.count {
      var last = first
      while last + 1 < order.count, values[order[last + 1]] == values[order[first]] { last += 1 }
      for place in first...last { ranks[order[place]] = Double(first + last) / 2 + 1 }
      first = last + 1
    }
    return ranks
  }
}

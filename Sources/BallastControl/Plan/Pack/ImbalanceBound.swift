/// What no placement of a layer can go below: a bound on maximum over mean device load.
public enum ImbalanceBound {
  /// The bound for `copies` in all on equal devices, each expert's load shared by `split`; nil copies are as many as like.
  ///
  /// Some device is at least as loaded as the mean, and as the heaviest copy there must be: under even shares the lightest
  /// it can be made by the way the copies are counted, under dispatch an expert's load over all copies it could have.
  ///
  /// - Complexity: O(experts).
  public static func layer(_ loads: [Double], copies: Int?, devices: Int, split: SplitRule) -> Double {
    let most = loads.max() ?? 0
    guard most > 0, most < .infinity, devices > 0 else { return 1 }
    let mean = loads.reduce(0) { $0 + $1 / most } / Double(devices)
    let spare = copies.map { $0 - loads.count } ?? devices
    let widest = Double(max(1, min(devices, spare + 1)))
    guard split == .even, let copies else { return max(1, 1 / widest / mean) }
    // The least share that as many copies can cover, by bisection from below.
    var low = 1 / widest
    var high = 1.0
    guard needed(low, loads, most) > Double(copies) else { return max(1, low / mean) }
    for _ in 0..<50 {
      let middle = (low + high) / 2
      if needed(middle, loads, most) > Double(copies) { low = middle } else { high = middle }
    }
    return max(1, low / mean)
  }

  /// Copies it takes so that none carries more than `share` of the heaviest load.
  private static func needed(_ share: Double, _ loads: [Double], _ most: Double) -> Double {
    loads.reduce(0) { $0 + max(1, ($1 / most / share).rounded(.up)) }
  }
}

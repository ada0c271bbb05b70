import BallastRuntime
import Glibc

/// How far windows lie apart, measured by what sampling alone would make of one and the same load.
struct LoadDrift: Sendable {
  // Windows of one text differ more than independent choices would, and by how much depends on the traffic. So what
  // is usual is learned: a lower quantile of the distances between neighbours, since changes are the exception.
  var neighbours: [Double] = []
  private var next = 0

  static let memory = 32
  private static let usualQuantile = 0.3

  /// Takes note of the distance between a window and the one before it.
  mutating func note(_ distance: Double) {
    if neighbours.count < Self.memory {
      neighbours.append(distance)
    } else {
      neighbours[next] = distance
    }
    next = (next + 1) % Self.memory
  }

  /// The distance between windows of one kind of traffic; 1 is what sampling alone would make.
  var usual: Double {
    let sorted = neighbours.sorted()
    guard !sorted.isEmpty else { return 1 }
    return max(1, sorted[min(sorted.count - 1, Int(Self.usualQuantile * Double(sorted.count)))])
  }

  /// How much of a window counts when the present lies `distance` from it: 1 within what is usual, then less and less.
  func agreement(_ distance: Double, sensitivity: Double) -> Double {
    exp(-sensitivity * max(0, distance / usual - 1))
  }

  /// The distance of two windows, `[layer][expert]` tokens: Σ |share − share| over what it is expected to be when both
  /// are draws from their mean.
  static func distance(_ one: [[Double]], _ other: [[Double]]) -> Double {
    var apart = 0.0
    var expected = 0.0
    for (first, second) in zip(one, other) {
      let total = first.reduce(0, +)
      let otherTotal = second.reduce(0, +)
      guard total > 0, otherTotal > 0 else { continue }
      // The mean of |x| is √(2/π) of the deviation.
      let scale = (2 / Double.pi * (1 / total + 1 / otherTotal)).squareRoot()
      for (load, otherLoad) in zip(first, second) {
        let share = load / total
        let otherShare = otherLoad / otherTotal
        apart += abs(share - otherShare)
        expected += ((share + otherShare) / 2).squareRoot() * scale
      }
    }
    return expected > 0 ? apart / expected : 0
  }

  /// How little sampling explains the difference of two loads of one layer: χ² over what it is expected to be, and its
  /// degrees of freedom.
  static func surprise(_ one: [Double], _ other: [Double]) -> (excess: Double, freedom: Double) {
    let total = one.reduce(0, +)
    let otherTotal = other.reduce(0, +)
    guard total > 0, otherTotal > 0 else { return (0, 0) }
    let scale = (otherTotal / total).squareRoot()
    var square = 0.0
    var freedom = -1.0
    for (load, otherLoad) in zip(one, other) where load + otherLoad > 0 {
      let difference = load * scale - otherLoad / scale
      square += difference * difference / (load + otherLoad)
      freedom += 1
    }
    return (square - freedom, max(freedom, 0))
  }

  /// `[layer]`: whether `present` differs from `reference` by more than sampling explains, in the layer or in all
  /// layers together; a layer without a reference does.
  static func shifted(_ present: [[Double]], from reference: [[Double]?]) -> [Bool] {
    let surprises = zip(present, reference).map { load, before in before.map { surprise(load, $0) } }
    let known = surprises.compactMap { $0 }
    let all = known.reduce(into: (excess: 0.0, freedom: 0.0)) {
      $0.excess += $1.excess
      $0.freedom += $1.freedom
    }
    // Small changes show in many layers at once. χ² of k degrees of freedom deviates by √(2k).
    if all.excess > surprising(layers: 1) * (2 * all.freedom).squareRoot() { return present.map { _ in true } }
    return surprises.map { surprise in
      surprise.map { $0.excess > surprising(layers: present.count) * (2 * $0.freedom).squareRoot() } ?? true
    }
  }

  /// Deviations that are not chance; more where more layers are looked at.
  private static func surprising(layers: Int) -> Double { 3 + log(Double(max(layers, 1))) / 3 }
}

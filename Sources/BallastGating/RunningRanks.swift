/// Where a number stands among those seen before it: the share of them that were lower.
struct RunningRanks: Sendable {
  // Algorithm: counts in equal bins of 0…1. When they have grown too many all are halved, so that what was seen long
  // ago is forgotten. Within a bin ranks are interpolated. Whole numbers only: the same everywhere.

  private static let bins = 256
  /// Counts after which all are halved.
  private static let most: Int32 = 8192
  /// Numbers between two looks at the counts.
  private static let stride = 64

  private var counts: [Int32]
  /// `[bin + 1]`: how many of those looked at last stood below the bin.
  private var below: [Int32]
  private var total: Int32
  private var sinceLook = 0

  /// Begins as if one number of each bin had been seen.
  init() {
    counts = Array(repeating: 1, count: Self.bins)
    below = Array(0...Int32(Self.bins))
    total = Int32(Self.bins)
  }

  /// The share of the numbers seen that are lower than `value`, from 0 to 1; counts it.
  mutating func rank(_ value: Double) -> Double {
    let place = min(1, max(0, value)) * Double(Self.bins)
    let bin = min(Int(place), Self.bins - 1)
    let lower = Double(below[bin]) + Double(below[bin + 1] - below[bin]) * (place - Double(bin))
    let rank = lower / Double(below[Self.bins])
    counts[bin] += 1
    total += 1
    sinceLook += 1
    if sinceLook == Self.stride { look() }
    return rank
  }

  private mutating func look() {
    sinceLook = 0
    if total > Self.most {
      total = 0
      for bin in counts.indices {
        counts[bin] /= 2
        total += counts[bin]
      }
    }
    var sum: Int32 = 0
    for bin in counts.indices {
      sum += counts[bin]
      below[bin + 1] = sum
    }
  }
}

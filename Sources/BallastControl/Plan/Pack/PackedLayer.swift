/// Where the copies of one layer go, and how even that makes the devices.
public struct PackedLayer: Hashable, Sendable {
  /// `[device][slot]`: the experts held, devices one after another.
  public let experts: [Int]
  /// Maximum over mean device load, each expert's load in even shares.
  public let imbalance: Double
  /// No placement of as many copies has a lower imbalance: the larger of 1 and the heaviest copy there must be; the
  /// imbalance itself where every placement was tried.
  public let lowerBound: Double
}

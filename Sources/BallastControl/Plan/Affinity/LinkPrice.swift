public import BallastRuntime

/// What it costs that a token changes device between two layers, in the unit of device time.
public struct LinkPrice: Hashable, Sendable {
  /// Nanoseconds for each token that goes to another device of its node.
  public var near: Double
  /// Nanoseconds for each token that goes to another node.
  public var far: Double

  /// States both prices; neither is negative.
  public init(near: Double, far: Double) {
    self.near = near
    self.far = far
  }

  /// Links free of charge.
  public static let free = LinkPrice(near: 0, far: 0)

  /// The time a token takes of the mean device's link, times the coefficient.
  ///
  /// Every device has a link of its own, so the tokens of a batch share as many links as there are devices, as its
  /// arithmetic shares the devices.
  public init(_ configuration: AffinityConfiguration, cost: CostModel, devices: Int) {
    let bytes = configuration.coefficient * Double(max(configuration.bytesPerToken, 0)) / Double(max(devices, 1))
    near = Self.finite(bytes / cost.linkBytesPerSecond * 1e9)
    far = Self.finite(bytes / cost.nodeLinkBytesPerSecond * 1e9)
  }

  /// Whether no link costs anything.
  var isFree: Bool { near <= 0 && far <= 0 }

  /// Nanoseconds for a token that goes from one device to another.
  func nanoseconds(from source: DeviceID, to target: DeviceID, in topology: Topology) -> Double {
    if source == target { return 0 }
    return topology[source].node == topology[target].node ? near : far
  }

  private static func finite(_ nanoseconds: Double) -> Double {
    nanoseconds.isFinite ? min(max(nanoseconds, 0), 1e18) : 0
  }
}

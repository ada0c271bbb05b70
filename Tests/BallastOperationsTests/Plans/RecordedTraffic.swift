import Ballast

/// A cluster whose figures are easy to work out by hand.
enum RecordedTraffic {
  /// Layers of 4 experts on 2 devices.
  static func model(copies: Int? = 6, layers: Int = 1) throws -> ReplayModel {
    try ReplayModel(
      layers: layers, experts: 4, devices: 2, copies: copies, expertBytes: 1000, linkBytesPerSecond: 1e12)
  }
}

/// What a simulated cluster has done up to an instant of its virtual time.
public struct ClusterReadings: Hashable, Sendable {
  /// Virtual time: every layer executed took as long as its busiest device.
  public var elapsedNanoseconds = 0.0
  /// `[device]`: virtual time spent computing and borrowing.
  public var busyNanoseconds: [Double]
  /// `[layer][device]`: what the layer's last batch took on each device.
  public var lastDeviceTimes: [[Double]]
  /// `[device]`: virtual time its link was taken by staging, beside computing.
  public var stagingNanoseconds: [Double]
  /// Bytes of every staging that succeeded.
  public var stagedBytes = 0
  /// Stagings that succeeded.
  public var stagings = 0
  /// Batches executed, each layer's counted.
  public var batches = 0
  /// Bytes of weights that moved for one batch only.
  public var borrowedBytes = 0

  init(layers: Int, devices: Int) {
    busyNanoseconds = Array(repeating: 0, count: devices)
    stagingNanoseconds = busyNanoseconds
    lastDeviceTimes = Array(repeating: busyNanoseconds, count: layers)
  }
}

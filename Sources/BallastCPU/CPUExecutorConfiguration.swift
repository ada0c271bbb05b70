/// What a `CPUExecutor` may use of this machine.
public struct CPUExecutorConfiguration: Hashable, Sendable {
  /// Devices, 1…65 535; each is a group of workers with memory of its own.
  public var devices: Int
  /// Bytes each device may hold of packed weights and scales, staging included.
  public var memoryBytesPerDevice: Int
  /// The cores of each device, one worker a core; nil gives device d one worker on the d-th core this process may
  /// use, counted around.
  public var coresPerDevice: [[Int]]?
  /// The most bytes a second staging writes; nil for as fast as it can.
  public var stagingBytesPerSecond: Int?

  /// States the limits.
  public init(
    devices: Int, memoryBytesPerDevice: Int, coresPerDevice: [[Int]]? = nil, stagingBytesPerSecond: Int? = nil
  ) {
    self.devices = devices
    self.memoryBytesPerDevice = memoryBytesPerDevice
    self.coresPerDevice = coresPerDevice
    self.stagingBytesPerSecond = stagingBytesPerSecond
  }
}

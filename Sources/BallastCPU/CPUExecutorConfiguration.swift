public import BallastRuntime

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
  /// How weights become low precision when they are staged.
  public var quantizer: Quantizer
  /// The most bytes the tokens take that are kept to fit quantizers by and to measure replicas on.
  public var calibrationBytes: Int
  /// Decides every random choice: which tokens are kept, and which are computed at both precisions.
  public var seed: UInt64

  /// States the limits.
  public init(
    devices: Int, memoryBytesPerDevice: Int, coresPerDevice: [[Int]]? = nil, stagingBytesPerSecond: Int? = nil,
    quantizer: Quantizer = .plain, calibrationBytes: Int = 64 << 20, seed: UInt64 = 1
  ) {
    self.devices = devices
    self.memoryBytesPerDevice = memoryBytesPerDevice
    self.coresPerDevice = coresPerDevice
    self.stagingBytesPerSecond = stagingBytesPerSecond
    self.quantizer = quantizer
    self.calibrationBytes = calibrationBytes
    self.seed = seed
  }
}

public import BallastRuntime

/// Why an executor on this machine cannot be made.
public enum CPUExecutorError: Error, Hashable, CustomStringConvertible {
  /// An expert's size is out of range.
  case dimension(name: String, value: Int, allowed: ClosedRange<Int>)
  /// The model cannot be described.
  case shape(ModelShapeError)
  /// The devices do not form a topology.
  case topology(TopologyError)
  /// The model's bytes per expert are not what packing makes of the stated dimensions.
  case bytesPerExpert(precision: Precision, stated: Int, packed: Int)
  /// The weight source stores neither float32 nor bfloat16.
  case sourcePrecision(Precision)
  /// There is not one non-empty list of cores for each device.
  case coreLists(lists: Int, devices: Int)
  /// This process may not run on the core.
  case coreUnavailable(core: Int, available: [Int])
  /// A staging rate below one byte a second.
  case stagingBytesPerSecond(Int)
  /// The allocator gave no arena; the code is the system's.
  case arenaUnavailable(code: Int32)
  /// The system gave no thread; the code is the system's.
  case threadUnavailable(code: Int32)

  /// The fact, with the values and limits.
  public var description: String {
    switch self {
    case .dimension(let name, let value, let allowed):
      "\(name) is \(value); allowed is \(allowed.lowerBound) to \(allowed.upperBound)"
    case .shape(let error): "\(error)"
    case .topology(let error): "\(error)"
    case .bytesPerExpert(let precision, let stated, let packed):
      "the model states \(stated) bytes an expert at \(precision), packed it takes \(packed); use ExpertDimensions.modelShape"
    case .sourcePrecision(let precision): "weights are stored as \(precision); a source gives float32 or bfloat16"
    case .coreLists(let lists, let devices):
      "\(lists) lists of cores for \(devices) devices; give each device at least one core"
    case .coreUnavailable(let core, let available):
      "core \(core) is not among those this process may use: \(available)"
    case .stagingBytesPerSecond(let rate): "staging at \(rate) bytes a second; it must be at least 1"
    case .arenaUnavailable(let code): "the allocator gave no arena (code \(code)); use fewer devices"
    case .threadUnavailable(let code): "the system gave no thread (code \(code)); use fewer devices"
    }
  }
}

/// Why a replica could not be put in place.
public enum StagingError: Error, Hashable, CustomStringConvertible {
  /// The device has not enough memory left.
  case outOfMemory(device: DeviceID, neededBytes: Int, freeBytes: Int)
  /// The executor cannot hold this precision.
  case unsupportedPrecision(Precision)
  /// The executor computes nothing that is not in a device's memory.
  case storageUnsupported
  /// The expert is not one of the model's, or its weights cannot be used; the text says why.
  case badWeights(layer: LayerID, expert: ExpertID, reason: String)
  /// The device is lost.
  case deviceLost(DeviceID)
  /// Staging took longer than it may.
  case timedOut(seconds: Double)
  /// Staging was cancelled.
  case cancelled

  /// The fact, with the values.
  public var description: String {
    switch self {
    case .outOfMemory(let device, let needed, let free):
      "device \(device) needs \(needed) bytes but has \(free) left"
    case .unsupportedPrecision(let precision): "\(precision) is not supported by this executor"
    case .storageUnsupported:
      "this executor computes no stored replicas; keep every expert resident (planner.residency: all)"
    case .badWeights(let layer, let expert, let reason): "expert \(expert) of layer \(layer): \(reason)"
    case .deviceLost(let device): "device \(device) is lost"
    case .timedOut(let seconds): "staging took longer than \(seconds) seconds"
    case .cancelled: "staging was cancelled"
    }
  }
}

/// Why a batch could not be computed.
public enum ExecutionError: Error, Hashable, CustomStringConvertible {
  /// A buffer has another length than tokens × hidden size.
  case wrongLength(name: String, count: Int, expected: Int)
  /// A replica named by the dispatch is not staged.
  case unknownReplica(handle: UInt32)
  /// The selection and the model disagree about the experts of a layer.
  case expertCount(selection: Int, model: Int)
  /// The model has no such layer.
  case layerOutOfRange(layer: LayerID, layers: Int)
  /// The model's layers take fewer rounds.
  case roundOutOfRange(round: RoundID, rounds: Int)
  /// The device a run was sent to is lost.
  case deviceLost(DeviceID)
  /// The weights of a stored replica cannot be read any more.
  case storedUnreadable(layer: LayerID, expert: ExpertID)

  /// The fact, with the values.
  public var description: String {
    switch self {
    case .wrongLength(let name, let count, let expected): "\(name) has \(count) values; expected \(expected)"
    case .unknownReplica(let handle): "replica handle \(handle) is not staged"
    case .expertCount(let selection, let model): "the selection is over \(selection) experts, the model has \(model)"
    case .layerOutOfRange(let layer, let layers): "layer \(layer) is not one of the model's \(layers) MoE layers"
    case .roundOutOfRange(let round, let rounds): "round \(round) is not one of the \(rounds) of the model's layers"
    case .deviceLost(let device): "device \(device) is lost"
    case .storedUnreadable(let layer, let expert):
      "expert \(expert) of layer \(layer) is stored, and its weights cannot be read any more"
    }
  }
}

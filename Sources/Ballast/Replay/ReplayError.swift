public import BallastRuntime

/// Why a cluster cannot be replayed on.
public enum ReplayError: Error, CustomStringConvertible {
  /// The device count is impossible.
  case devicesOutOfRange(Int)
  /// Copies cannot be shared evenly.
  case copiesDoNotDivide(copies: Int, devices: Int)
  /// Not every expert gets a copy.
  case tooFewCopies(copies: Int, experts: Int)
  /// A device would hold an expert twice.
  case tooManyCopies(copies: Int, most: Int)
  /// An expert's size is impossible.
  case expertBytesOutOfRange(Int)
  /// The link speed is impossible.
  case linkOutOfRange(Double)
  /// The model is impossible.
  case shape(ModelShapeError)
  /// The devices are impossible.
  case topology(TopologyError)
  /// The balancer could not be made.
  case balancer(String)

  /// The fact, with the value, the limit and what to do.
  public var description: String {
    switch self {
    case .devicesOutOfRange(let devices): "\(devices) devices; allowed is 1 to 65535"
    case .copiesDoNotDivide(let copies, let devices):
      "\(copies) copies cannot be shared evenly by \(devices) devices; take a multiple of \(devices)"
    case .tooFewCopies(let copies, let experts):
      "\(copies) copies for \(experts) experts; each needs one, so take at least \(experts)"
    case .tooManyCopies(let copies, let most):
      "\(copies) copies would put an expert on a device twice; at most \(most) fit"
    case .expertBytesOutOfRange(let bytes): "an expert of \(bytes) bytes; allowed is 1 to \(1 << 46)"
    case .linkOutOfRange(let speed): "a link of \(speed) bytes a second; it must be above 0"
    case .shape(let error): error.description
    case .topology(let error): error.description
    case .balancer(let reason): reason
    }
  }
}

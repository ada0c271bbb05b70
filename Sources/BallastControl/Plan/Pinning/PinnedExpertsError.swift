import BallastRuntime

/// Why experts cannot be pinned.
public enum PinnedExpertsError: Error, Hashable, CustomStringConvertible {
  /// A word is not `layer:expert`.
  case malformed(word: String)
  /// The model has no such expert.
  case unknown(place: PinnedExperts.Place, layers: Int, experts: Int)

  /// The fact, with the value and what is allowed.
  public var description: String {
    switch self {
    case .malformed(let word):
      "\"\(word)\" names no expert; write none, or layer:expert, such as 3:17, separated by spaces"
    case .unknown(let place, let layers, let experts):
      "pinned expert \(place.expert.index) of layer \(place.layer.index) does not exist: the model has layers 0 to "
        + "\(layers - 1) of experts 0 to \(experts - 1)"
    }
  }
}

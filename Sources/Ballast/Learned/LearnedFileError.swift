public import BallastRuntime

/// Why what was learned cannot be saved or loaded.
public enum LearnedFileError: Error, Hashable, CustomStringConvertible {
  /// The system refused a call on a path.
  case system(String, path: String, reason: String)
  /// The file holds no whole state.
  case bytes(SealedError, path: String)

  /// The fact, with the file.
  public var description: String {
    switch self {
    case .system(let call, let path, let reason): "\(path): \(call): \(reason)"
    case .bytes(let error, let path): "\(path) holds nothing that was learned: \(error)"
    }
  }
}

/// Why a file cannot be read or written.
public enum FileError: Error, Hashable, CustomStringConvertible {
  /// The file does not exist, or may not be read.
  case unreadable(file: String, reason: String)
  /// The path names a directory, a pipe or a device.
  case notRegular(file: String)
  /// The file is larger than what is accepted.
  case tooLarge(file: String, bytes: Int, limitBytes: Int)
  /// The file could not be written; what stood there before still does.
  case unwritable(file: String, reason: String)

  /// The fact, with the file and the limit.
  public var description: String {
    switch self {
    case .unreadable(let file, let reason): "\(file) cannot be read: \(reason)"
    case .notRegular(let file): "\(file) is not a regular file; name one that is"
    case .tooLarge(let file, let bytes, let limitBytes):
      "\(file) has \(bytes) bytes; the limit is \(limitBytes)"
    case .unwritable(let file, let reason): "\(file) cannot be written: \(reason)"
    }
  }
}

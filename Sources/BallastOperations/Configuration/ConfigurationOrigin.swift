/// Where a value was given.
public enum ConfigurationOrigin: Hashable, Sendable, CustomStringConvertible {
  /// In a file, at a line counted from 1.
  case file(String, line: Int)
  /// In an environment variable.
  case environment(String)
  /// Nowhere outside: it was set in code.
  case code

  /// `name:line`, or the variable.
  public var description: String {
    switch self {
    case .file(let name, let line): "\(name):\(line)"
    case .environment(let name): "environment variable \(excerpt(name))"
    case .code: "set in code"
    }
  }
}

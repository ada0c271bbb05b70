public import Ballast

/// Why a configuration is refused; nothing of it takes effect.
public enum ConfigurationError: Error, Hashable, CustomStringConvertible {
  /// The file cannot be read.
  case file(FileError)
  /// The file is not text in UTF-8.
  case notText(file: String)
  /// The text is neither YAML nor JSON.
  case syntax(origin: ConfigurationOrigin, problem: String)
  /// The text uses anchors or aliases.
  case aliasUsed(origin: ConfigurationOrigin)
  /// Something other than keys and values stands where keys are expected.
  case notKeys(origin: ConfigurationOrigin, key: String)
  /// No such key exists.
  case unknownKey(origin: ConfigurationOrigin, key: String, suggestion: String?)
  /// The key is given twice.
  case duplicateKey(origin: ConfigurationOrigin, key: String)
  /// The value is not of the key's type.
  case wrongType(origin: ConfigurationOrigin, key: String, value: String, allowed: ConfigurationDomain)
  /// The value is not among those allowed.
  case outOfRange(origin: ConfigurationOrigin, key: String, value: String, allowed: ConfigurationDomain)
  /// The key has no effect under the dispatch policy chosen.
  case unusedKey(origin: ConfigurationOrigin, key: String, policy: String, neededPolicy: String)
  /// Two keys contradict each other.
  case conflict(origins: [ConfigurationOrigin], key: String, value: String, requirement: String)
  /// The key cannot change while a balancer runs.
  case fixedKey(key: String, running: String, asked: String)

  /// The fact, with the place, the key, the value and what is allowed.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .notText(let file): "\(file) is not text in UTF-8"
    case .syntax(let origin, let problem): "\(origin): \(excerpt(problem, limit: 200))"
    case .aliasUsed(let origin): "\(origin): anchors and aliases are not accepted; write the value out"
    case .notKeys(let origin, let key):
      "\(origin): \(key.isEmpty ? "the configuration" : key) must hold keys and values"
    case .unknownKey(let origin, let key, let suggestion):
      "\(origin): unknown key \(excerpt(key))" + (suggestion.map { "; did you mean \($0)?" } ?? "")
    case .duplicateKey(let origin, let key): "\(origin): \(excerpt(key)) is given twice; keep one"
    case .wrongType(let origin, let key, let value, let allowed):
      "\(origin): \(key) is \(excerpt(value)), which has the wrong type; allowed is \(allowed)"
    case .outOfRange(let origin, let key, let value, let allowed):
      "\(origin): \(key) is \(excerpt(value)); allowed is \(allowed)"
    case .unusedKey(let origin, let key, let policy, let neededPolicy):
      "\(origin): unused key \(key): dispatch.policy is \(policy), and only \(neededPolicy) uses it; remove it"
    case .conflict(let origins, let key, let value, let requirement):
      (origins.isEmpty ? "" : origins.map(\.description).joined(separator: ", ") + ": ")
        + "\(key) is \(value); it \(requirement)"
    case .fixedKey(let key, let running, let asked):
      "\(key) is fixed at start: it is \(running) and cannot become \(asked) while running"
    }
  }
}

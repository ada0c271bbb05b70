public import BallastControl

/// Settings as plain text: one `key = value` a line, `#` begins a comment.
///
/// The form of a configuration for programs that have no use for a file; the keys are those of the schema.
public struct SettingsText: Sendable {
  /// The most bytes a text may have.
  public static let longestText = 65_536

  private var given: [String: ConfigurationScalar] = [:]

  /// Reads a text; every value is inside its key's domain then.
  ///
  /// - Throws: `SettingsError` naming the line, the key, the value and what is allowed.
  public init(parsing text: String) throws(SettingsError) {
    guard text.utf8.count <= Self.longestText else {
      throw .tooLong(bytes: text.utf8.count, limit: Self.longestText)
    }
    for (index, whole) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let line = Self.trimmed(whole.prefix { $0 != "#" })
      guard !line.isEmpty else { continue }
      try read(line, number: index + 1)
    }
  }

  /// The configuration with these settings in place of its own.
  ///
  /// - Throws: `SettingsError.unusedKey` or `conflict`.
  public func applied(to configuration: BalancerConfiguration) throws(SettingsError) -> BalancerConfiguration {
    var next = configuration
    for key in ConfigurationSchema.keys {
      guard let value = given[key.path] else { continue }
      guard key.isUsed(in: next) else {
        throw .unusedKey(key: key.path, policy: "\(next.dispatch.name)", neededPolicy: key.policy.map { "\($0)" } ?? "")
      }
      key.assign(value, in: &next)
    }
    for rule in ConfigurationSchema.rules where !rule.holds(next) {
      let value = ConfigurationSchema.keys.first { $0.path == rule.path }?.value(in: next).description ?? ""
      throw .conflict(key: rule.path, value: value, requirement: rule.requirement)
    }
    return next
  }

  private mutating func read(_ line: Substring, number: Int) throws(SettingsError) {
    guard let sign = line.firstIndex(of: "=") else { throw .noValue(line: number, text: Self.shown(line)) }
    let path = String(Self.trimmed(line[..<sign]))
    let text = String(Self.trimmed(line[line.index(after: sign)...]))
    guard let key = ConfigurationSchema.keys.first(where: { $0.path == path }) else {
      throw .unknownKey(
        line: number, key: Self.shown(path[...]),
        suggestion: nearest(to: path, among: ConfigurationSchema.keys.map(\.path)))
    }
    guard case .value(let value) = key.domain.read(text) else {
      throw .badValue(line: number, key: path, value: Self.shown(text[...]), allowed: key.domain)
    }
    guard given.updateValue(value, forKey: path) == nil else { throw .duplicateKey(line: number, key: path) }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }

  /// The beginning of a text from outside, fit for a message.
  private static func shown(_ text: Substring) -> String {
    String(text.unicodeScalars.prefix(60).map { $0.properties.generalCategory == .control ? "?" : Character($0) })
  }
}

/// Why a text is no settings.
public enum SettingsError: Error, Hashable, CustomStringConvertible {
  /// The text has more bytes than settings can need.
  case tooLong(bytes: Int, limit: Int)
  /// A line has no `=`.
  case noValue(line: Int, text: String)
  /// No such key exists.
  case unknownKey(line: Int, key: String, suggestion: String?)
  /// The key is given twice.
  case duplicateKey(line: Int, key: String)
  /// The value is not among those allowed.
  case badValue(line: Int, key: String, value: String, allowed: ConfigurationDomain)
  /// The key has no effect under the dispatch policy chosen.
  case unusedKey(key: String, policy: String, neededPolicy: String)
  /// Two keys contradict each other.
  case conflict(key: String, value: String, requirement: String)

  /// The fact, with the place, the value and what is allowed.
  public var description: String {
    switch self {
    case .tooLong(let bytes, let limit): "the settings have \(bytes) bytes; the limit is \(limit)"
    case .noValue(let line, let text): "settings line \(line): \(text) has no value; write key = value"
    case .unknownKey(let line, let key, let suggestion):
      "settings line \(line): unknown key \(key)" + (suggestion.map { "; did you mean \($0)?" } ?? "")
    case .duplicateKey(let line, let key): "settings line \(line): \(key) is given twice; keep one"
    case .badValue(let line, let key, let value, let allowed):
      "settings line \(line): \(key) is \(value); allowed is \(allowed)"
    case .unusedKey(let key, let policy, let neededPolicy):
      "unused key \(key): dispatch.policy is \(policy), and only \(neededPolicy) uses it; remove it"
    case .conflict(let key, let value, let requirement): "\(key) is \(value); it \(requirement)"
    }
  }
}

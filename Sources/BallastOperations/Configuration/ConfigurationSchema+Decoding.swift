public import Ballast
public import BallastControl

extension ConfigurationSchema {
  /// Reads a configuration: the defaults, over them the file's text, over that the environment.
  ///
  /// - Parameters:
  ///   - text: YAML or JSON; an empty text leaves the defaults.
  ///   - file: What errors call the text.
  ///   - environment: Variables; those that begin with `BALLAST_` and name a key override it.
  /// - Returns: A configuration inside every range and rule.
  /// - Throws: `ConfigurationError` naming the place, the key, the value and what is allowed.
  public static func configuration(
    text: String = "", file: String = "configuration", environment: [String: String] = [:]
  ) throws(ConfigurationError) -> BalancerConfiguration {
    var given: [String: (value: ConfigurationScalar, origin: ConfigurationOrigin)] = [:]
    for entry in try ConfigurationTree(text, file: file, sections: sections).entries {
      given[entry.key] = (try value(of: entry), entry.origin)
    }
    for entry in try entries(of: environment) { given[entry.key] = (try value(of: entry), entry.origin) }
    var configuration = BalancerConfiguration()
    for key in keys {
      guard let (value, origin) = given[key.path] else { continue }
      guard key.isUsed(in: configuration) else {
        throw .unusedKey(
          origin: origin, key: key.path, policy: "\(configuration.dispatch.name)",
          neededPolicy: key.policy.map { "\($0)" } ?? "")
      }
      key.assign(value, in: &configuration)
    }
    try checkRules(configuration, origins: given.mapValues(\.origin))
    return configuration
  }

  /// Checks a configuration made in code, or read: every range, and what must hold between keys.
  ///
  /// - Throws: `ConfigurationError.outOfRange` or `conflict`.
  public static func check(_ configuration: BalancerConfiguration) throws(ConfigurationError) {
    for key in keys where key.isUsed(in: configuration) {
      let value = key.value(in: configuration).description
      guard case .value = key.domain.read(value) else {
        throw .outOfRange(origin: .code, key: key.path, value: value, allowed: key.domain)
      }
    }
    try checkRules(configuration, origins: [:])
  }

  static let sections = Set(keys.compactMap(\.section))

  private static func value(of entry: ConfigurationTree.Entry) throws(ConfigurationError) -> ConfigurationScalar {
    guard let key = keys.first(where: { $0.path == entry.key }) else {
      throw .unknownKey(origin: entry.origin, key: entry.key, suggestion: suggestion(for: entry.key))
    }
    let written = entry.text ?? "not a single value"
    var reading = entry.text.map { key.domain.read($0) } ?? .wrongType
    if entry.isQuoted, !key.domain.isText { reading = .wrongType }
    switch reading {
    case .value(let value): return value
    case .wrongType: throw .wrongType(origin: entry.origin, key: key.path, value: written, allowed: key.domain)
    case .outOfRange: throw .outOfRange(origin: entry.origin, key: key.path, value: written, allowed: key.domain)
    }
  }

  // Variables without a section of ours may belong to the program that embeds a balancer: they are left alone, unless
  // they are so near to one of ours that they must be misspelled.
  private static func entries(of environment: [String: String]) throws(ConfigurationError) -> [ConfigurationTree.Entry]
  {
    let sectionPrefixes = sections.map {
      ConfigurationKey.environmentPrefix + ConfigurationKey.environmentWord($0) + "_"
    }
    var entries: [ConfigurationTree.Entry] = []
    for (name, text) in environment.sorted(by: { $0.key < $1.key }) {
      let origin = ConfigurationOrigin.environment(name)
      if let key = keys.first(where: { $0.environmentName == name }) {
        entries.append(ConfigurationTree.Entry(key: key.path, origin: origin, text: text, isQuoted: false))
      } else if name.hasPrefix(ConfigurationKey.environmentPrefix) {
        let near = nearest(to: name, among: keys.map(\.environmentName))
        let isMisspelled = near.map { editDistance(name, $0) <= $0.count / 8 } ?? false
        guard isMisspelled || sectionPrefixes.contains(where: name.hasPrefix) else { continue }
        throw .unknownKey(origin: origin, key: name, suggestion: near)
      }
    }
    return entries
  }

  private static func checkRules(
    _ configuration: BalancerConfiguration, origins: [String: ConfigurationOrigin]
  ) throws(ConfigurationError) {
    for rule in rules where !rule.holds(configuration) {
      let key = keys.first { $0.path == rule.path }
      let involved = keys.map(\.path).filter { $0 == rule.path || rule.requirement.contains($0) }
      throw .conflict(
        origins: involved.compactMap { origins[$0] }, key: rule.path,
        value: key?.value(in: configuration).description ?? "", requirement: rule.requirement)
    }
  }

  private static func suggestion(for path: String) -> String? {
    let name = path.split(separator: ".").last.map(String.init) ?? path
    if let moved = keys.first(where: { $0.name == name }) { return moved.path }
    return nearest(to: path, among: keys.map(\.path)) ?? nearest(to: path, among: sections.sorted())
  }
}

public import BallastControl
import BallastRuntime

/// One knob: where it stands in a file, what it does, what it may be, and how it is read and set.
public struct ConfigurationKey: Sendable {
  /// The dotted path, such as `controller.enterImbalance`.
  public let path: String
  /// One sentence for whoever sets it.
  public let explanation: String
  /// The values it may take.
  public let domain: ConfigurationDomain
  /// Whether it only takes effect when a balancer is made.
  public let isFixed: Bool
  /// The dispatch policy the key belongs to; nil when it always has an effect.
  package let policy: DispatchPolicyName?
  private let get: @Sendable (BalancerConfiguration) -> ConfigurationScalar
  private let set: @Sendable (inout BalancerConfiguration, ConfigurationScalar) -> Void

  /// The section of the path, or nil for a key at the top.
  package var section: String? {
    path.split(separator: ".").count > 1 ? path.split(separator: ".").first.map(String.init) : nil
  }

  /// The last part of the path.
  package var name: String { path.split(separator: ".").last.map(String.init) ?? path }

  /// The environment variable that overrides the key, such as `BALLAST_CONTROLLER_ENTER_IMBALANCE`.
  public var environmentName: String { Self.environmentPrefix + Self.environmentWord(path) }

  package static let environmentPrefix = "BALLAST_"

  /// A path as a part of an environment variable's name.
  package static func environmentWord(_ path: String) -> String {
    path.reduce(into: "") { word, character in
      if character.isUppercase { word += "_" }
      word += character == "." ? "_" : character.uppercased()
    }
  }

  /// The value the key has in `configuration`.
  public func value(in configuration: BalancerConfiguration) -> ConfigurationScalar { get(configuration) }

  /// Sets the key; `value` comes out of the key's own domain.
  package func assign(_ value: ConfigurationScalar, in configuration: inout BalancerConfiguration) {
    set(&configuration, value)
  }

  /// Whether the key has an effect in `configuration`.
  package func isUsed(in configuration: BalancerConfiguration) -> Bool {
    policy.map { $0 == configuration.dispatch.name } ?? true
  }
}

extension ConfigurationKey {
  typealias Path<Value> = WritableKeyPath<BalancerConfiguration, Value> & Sendable

  static func integer(
    _ path: String, _ keyPath: any Path<Int>, _ range: ClosedRange<Int>, _ explanation: String,
    isFixed: Bool = false, policy: DispatchPolicyName? = nil
  ) -> ConfigurationKey {
    ConfigurationKey(
      path: path, explanation: explanation, domain: .integers(range), isFixed: isFixed, policy: policy,
      get: { .integer($0[keyPath: keyPath]) },
      set: { if case .integer(let value) = $1 { $0[keyPath: keyPath] = value } })
  }

  static func number(
    _ path: String, _ keyPath: any Path<Double>, _ range: ClosedRange<Double>, _ explanation: String,
    isFixed: Bool = false, policy: DispatchPolicyName? = nil
  ) -> ConfigurationKey {
    ConfigurationKey(
      path: path, explanation: explanation, domain: .numbers(range), isFixed: isFixed, policy: policy,
      get: { .number($0[keyPath: keyPath]) },
      set: { if case .number(let value) = $1 { $0[keyPath: keyPath] = value } })
  }

  static func experts(
    _ path: String, _ keyPath: any Path<PinnedExperts>, _ explanation: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      path: path, explanation: explanation, domain: .experts, isFixed: false, policy: nil,
      get: { .experts($0[keyPath: keyPath]) },
      set: { if case .experts(let value) = $1 { $0[keyPath: keyPath] = value } })
  }

  static func choice<Value: CaseIterable & Sendable>(
    _ path: String, _ keyPath: any Path<Value>, _ explanation: String,
    isFixed: Bool = false, policy: DispatchPolicyName? = nil
  ) -> ConfigurationKey {
    ConfigurationKey(
      path: path, explanation: explanation, domain: .words(Value.allCases.map { "\($0)" }), isFixed: isFixed,
      policy: policy,
      get: { .word("\($0[keyPath: keyPath])") },
      set: { configuration, word in
        guard let value = Value.allCases.first(where: { "\($0)" == "\(word)" }) else { return }
        configuration[keyPath: keyPath] = value
      })
  }
}

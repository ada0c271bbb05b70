import BallastControl
import BallastRuntime
import Testing

@testable import Ballast
@testable import BallastOperations

@Suite struct ConfigurationSchemaTests {
  typealias Schema = ConfigurationSchema

  static func read(_ text: String, _ environment: [String: String] = [:]) throws -> BalancerConfiguration {
    try Schema.configuration(text: text, file: "b.yaml", environment: environment)
  }

  /// A text that sets one key, its section and the policy it needs.
  static func text(_ key: ConfigurationKey, _ value: String) -> String {
    guard let section = key.section else { return "\(key.name): \(value)\n" }
    let policy = key.policy.map { "  policy: \($0)\n" } ?? ""
    return "\(section):\n\(policy)  \(key.name): \(value)\n"
  }

  static let allowed: [(String, String)] = Schema.keys.flatMap { key -> [(String, String)] in
    switch key.domain {
    case .integers(let range): [(key.path, "\(range.lowerBound)"), (key.path, "\(range.upperBound)")]
    case .numbers(let range): [(key.path, "\(range.lowerBound)"), (key.path, "\(range.upperBound)")]
    case .words(let words): words.map { (key.path, $0) }
    case .experts: [(key.path, "none"), (key.path, "0:4 3:17")]
    }
  }

  static let forbidden: [(String, String)] = Schema.keys.flatMap { key -> [(String, String)] in
    switch key.domain {
    case .integers(let range):
      [
        (key.path, "\(range.lowerBound - 1)"), (key.path, "\(range.upperBound + 1)"),
        (key.path, "99999999999999999999"), (key.path, "-99999999999999999999"),
      ]
    case .numbers(let range):
      [(key.path, "\(range.lowerBound - 0.001)"), (key.path, "\(range.upperBound + 1)"), (key.path, "1e999")]
    case .words: [(key.path, "nonsense"), (key.path, "7"), (key.path, "\"\"")]
    case .experts: []
    }
  }

  static let mistyped: [(String, String)] = Schema.keys.flatMap { key -> [(String, String)] in
    let values = ["", "~", "[1]", "{a: 1}"]
    switch key.domain {
    case .integers: return (values + ["1.5", "'1'", "true", "0x10", "1e3", ".inf"]).map { (key.path, $0) }
    case .numbers: return (values + ["'1'", "yes", ".nan", "0x1", ".inf", "1_0", "1:30"]).map { (key.path, $0) }
    case .words: return values.map { (key.path, $0) }
    case .experts: return (values + ["7", "nonsense", "\"\"", "1:2 none", "-1:2", "0:65535"]).map { (key.path, $0) }
    }
  }

  static func key(_ path: String) throws -> ConfigurationKey { try #require(Schema.keys.first { $0.path == path }) }

  @Test(arguments: allowed)
  func takesEveryAllowedValue(_ path: String, _ value: String) throws {
    let key = try Self.key(path)
    // Rules between keys are another test's matter: what is asked here is that the key itself takes the value.
    do {
      let configuration = try Self.read(Self.text(key, value))
      #expect(key.value(in: configuration).description == plain(value))
    } catch ConfigurationError.conflict(_, let conflicting, _, _) {
      #expect(Schema.rules.contains { $0.path == conflicting })
    }
  }

  func plain(_ value: String) -> String { Double(value).flatMap { Int(exactly: $0) }.map(String.init) ?? value }

  @Test(arguments: forbidden)
  func refusesValuesOutOfRange(_ path: String, _ value: String) throws {
    let key = try Self.key(path)
    let text = Self.text(key, value)
    #expect { try Self.read(text) } throws: { error in
      guard case .outOfRange(.file("b.yaml", let line), path, _, key.domain) = error as? ConfigurationError else {
        return false
      }
      return line == text.split(separator: "\n").count && "\(error)".contains("allowed is \(key.domain)")
    }
    #expect(throws: ConfigurationError.self) {
      try Self.read("", [key.environmentName: value == "\"\"" ? "" : value])
    }
  }

  @Test(arguments: mistyped)
  func refusesWrongTypes(_ path: String, _ value: String) throws {
    let key = try Self.key(path)
    #expect { try Self.read(Self.text(key, value)) } throws: { error in
      if case .wrongType(.file("b.yaml", _), path, _, _) = error as? ConfigurationError { true } else { false }
    }
  }

  @Test func everyKeyHasItsOwnPathAndVariable() {
    #expect(Set(Schema.keys.map(\.path)).count == Schema.keys.count)
    #expect(Set(Schema.keys.map(\.environmentName)).count == Schema.keys.count)
    #expect(Schema.keys.map(\.environmentName).contains("BALLAST_CONTROLLER_ENTER_IMBALANCE"))
    #expect(Schema.keys.map(\.environmentName).contains("BALLAST_TICK_MILLISECONDS"))
  }

  @Test func everyKnobHasAKey() {
    // A knob without a key could not be set by an operator: count the stored values of every part.
    let configuration = BalancerConfiguration()
    let parts: [Any] = [
      configuration.estimator, configuration.controller, configuration.drift, configuration.planner,
      configuration.planner.moves, configuration.affinity, configuration.rollout, configuration.gate,
      configuration.relief, BorrowLimits(),
    ]
    let knobs = parts.map { Mirror(reflecting: $0).children.count }.reduce(0, +)
    let sections = Mirror(reflecting: configuration).children.count - 9
    // `copiesPerLayer` is for plans from recorded loads: a serving balancer is limited by its bytes. `moves` is no knob
    // but a part of its own.
    #expect(Schema.keys.count == knobs - 2 + sections + 2)
  }

  @Test func defaultsAreAllowed() throws {
    try Schema.check(BalancerConfiguration())
    var configuration = BalancerConfiguration()
    configuration.controller.enterImbalance = .nan
    #expect {
      try Schema.check(configuration)
    } throws: { error in
      "\(error)" == "set in code: controller.enterImbalance is nan; allowed is a number from 1 to 1000"
    }
  }

  @Test func refusesContradictions() {
    #expect {
      try Self.read("controller:\n  leaveImbalance: 1.2\n  enterImbalance: 1.1\n")
    } throws: { error in
      "\(error)" == "b.yaml:3, b.yaml:2: controller.enterImbalance is 1.1; it must exceed controller.leaveImbalance"
    }
    #expect {
      try Self.read("", ["BALLAST_CONTROLLER_LEAVE_IMBALANCE": "2"])
    } throws: { error in
      "\(error)".hasPrefix("environment variable BALLAST_CONTROLLER_LEAVE_IMBALANCE: controller.enterImbalance is 1.06")
    }
    #expect(throws: ConfigurationError.self) {
      try Self.read("estimator: {prefillWeight: 0, decodeWeight: 0}")
    }
  }

  @Test func refusesWhatThePolicyDoesNotUse() throws {
    #expect {
      try Self.read("dispatch:\n  capacityFactor: 2\n")
    } throws: { error in
      "\(error)".contains(
        "b.yaml:2: unused key dispatch.capacityFactor: dispatch.policy is resident, and only borrowing")
    }
    let borrowing = try Self.read("dispatch: {capacityFactor: 2, policy: borrowing}")
    #expect(borrowing.dispatch == .borrowing(BorrowLimits(capacityFactor: 2)))
    let pinned = try Self.read("dispatch: {policy: pinned, pinnedPrecision: int8}")
    #expect(pinned.dispatch == .pinned(.int8))
    #expect(throws: ConfigurationError.self) { try Self.read("dispatch: {policy: pinned, capacityFactor: 2}") }
  }
}

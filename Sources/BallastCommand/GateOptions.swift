public import ArgumentParser
import BallastOperations
public import BallastRuntime

/// The gate of a command line; what is not given stays as the configuration has it.
struct GateOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How experts are chosen: topk as the model was trained, topp by a mass of probability, confidence: topk with exact experts for unsure tokens (default: the configuration's gate.kind).",
      valueName: "topk|topp|confidence"))
  var gate: GateConfiguration.Kind?

  @Option(help: "Probability the experts of a token must exceed together under topp, above 0 and at most 1.")
  var mass: Double?

  @Option(help: ArgumentHelp("Mean experts a token that topp holds by moving the mass.", valueName: "experts"))
  var meanExperts: Double?

  @Option(help: ArgumentHelp("Milliseconds a step that topp holds by moving the mass.", valueName: "ms"))
  var stepMilliseconds: Double?

  @Option(help: ArgumentHelp("Share of tokens that need exact experts under confidence.", valueName: "share"))
  var escalate: Double?

  @Option(
    help: ArgumentHelp("Which tokens need them first: unsureFirst or sureFirst, by their router.", valueName: "order"))
  var escalationOrder: GateConfiguration.EscalationOrder?

  @Option(help: "What says how sure a router is under confidence; random is only for comparison.")
  var dispersion: Dispersion?

  mutating func validate() throws {
    if let mass, !(mass >= 1e-6 && mass <= 1) {
      throw ValidationError("--mass is \(mass); it must be above 0, at least 0.000001, and at most 1")
    }
    for (name, value) in [("--mean-experts", meanExperts), ("--step-milliseconds", stepMilliseconds)] {
      if let value, !(value > 0 && value <= 65_535) {
        throw ValidationError("\(name) is \(value); it must be above 0 and at most 65535")
      }
    }
    guard meanExperts == nil || stepMilliseconds == nil else {
      throw ValidationError("--mean-experts and --step-milliseconds exclude each other; give one")
    }
    if let escalate, !(escalate >= 0 && escalate <= 1) {
      throw ValidationError("--escalate is \(escalate); allowed is 0 to 1")
    }
  }

  /// The gate of a configuration, with what the command line says in place of its own.
  func applied(to configuration: GateConfiguration) -> GateConfiguration {
    var next = configuration
    if let gate { next.kind = gate }
    if let mass { next.mass = mass }
    if let meanExperts { (next.meanExperts, next.stepMilliseconds) = (meanExperts, 0) }
    if let stepMilliseconds { (next.meanExperts, next.stepMilliseconds) = (0, stepMilliseconds) }
    if let escalate { next.escalatedShare = escalate }
    if let escalationOrder { next.escalationOrder = escalationOrder }
    if let dispersion { next.dispersion = dispersion }
    return next
  }
}

extension GateConfiguration {
  /// The gate in a few words, for a header.
  var summary: String {
    switch kind {
    case .topK: return "top-k, as the model was trained"
    case .topP:
      var text = "top-p, mass \(fixed(mass, 3))"
      if meanExperts > 0 { text += ", moved to hold \(fixed(meanExperts, 2)) experts a token" }
      if stepMilliseconds > 0 { text += ", moved to hold \(fixed(stepMilliseconds, 3)) ms a step" }
      return text
    case .confidence:
      return
        "confidence (\(dispersion)): the \(escalationOrder == .sureFirst ? "surest" : "least sure") \(fixed(escalatedShare * 100, 1)) % of tokens need \(exactPrecision)"
    }
  }
}

extension GateConfiguration.Kind: ExpressibleByArgument {
  /// The gate of this name, or nil.
  public init?(argument: String) {
    guard let kind = Self.allCases.first(where: { $0.description == argument }) else { return nil }
    self = kind
  }

  /// The names there are.
  public static var allValueStrings: [String] { allCases.map(\.description) }
}

extension Dispersion: ExpressibleByArgument {
  /// The dispersion of this name, or nil.
  public init?(argument: String) {
    guard let dispersion = Self.allCases.first(where: { "\($0)" == argument }) else { return nil }
    self = dispersion
  }

  /// The names there are.
  public static var allValueStrings: [String] { allCases.map { "\($0)" } }
}

extension GateConfiguration.EscalationOrder: ExpressibleByArgument {
  /// The order of this name, or nil.
  public init?(argument: String) {
    guard let order = Self.allCases.first(where: { "\($0)" == argument }) else { return nil }
    self = order
  }

  /// The names there are.
  public static var allValueStrings: [String] { allCases.map { "\($0)" } }
}

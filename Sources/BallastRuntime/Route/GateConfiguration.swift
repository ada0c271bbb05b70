/// How gates choose experts, and which tokens need exact ones.
public struct GateConfiguration: Hashable, Sendable {
  /// A way to choose.
  public enum Kind: CaseIterable, Sendable, CustomStringConvertible {
    /// As many experts for each token as the model was trained with.
    case topK
    /// As many as it takes to cover a mass of the router's probability.
    case topP
    /// Top-k, and tokens whose router is least sure need an exact replica.
    case confidence

    /// The name used in configuration and reports.
    public var description: String {
      switch self {
      case .topK: "topk"
      case .topP: "topp"
      case .confidence: "confidence"
      }
    }
  }

  /// What becomes of the router's probabilities of the chosen experts.
  public enum Weights: CaseIterable, Sendable {
    /// They are scaled to sum 1.
    case scaled
    /// They stay as they are, and sum to the mass that is covered.
    case unscaled
  }

  /// Which tokens need exact replicas first.
  public enum EscalationOrder: CaseIterable, Sendable {
    /// Those whose router is least sure.
    case unsureFirst
    /// Those whose router is surest: one expert's answer, and so its error, reaches them undiluted.
    case sureFirst
  }

  /// Which gate chooses.
  public var kind: Kind
  /// Probability that the experts of a token must exceed together, above 0 and at most 1; 1 keeps all.
  public var mass: Double
  /// Fewest experts for a token under top-p.
  public var expertsAtLeast: Int
  /// Most experts for a token under top-p; a layer with fewer has them all.
  public var expertsAtMost: Int
  /// What the gate weights of top-p sum to.
  public var weights: Weights
  /// Mean number of experts a token that top-p holds by moving the mass; 0 lets the mass be.
  public var meanExperts: Double
  /// Milliseconds a step that top-p holds by moving the mass; 0 lets the mass be.
  public var stepMilliseconds: Double
  /// How sure a router is.
  public var dispersion: Dispersion
  /// Which tokens need exact replicas first.
  public var escalationOrder: EscalationOrder
  /// Share of the tokens of each layer that need an exact replica under the confidence gate.
  public var escalatedShare: Double
  /// The least precision those tokens accept.
  public var exactPrecision: Precision

  /// By default the model's own top-k.
  public init(
    kind: Kind = .topK, mass: Double = 0.9, expertsAtLeast: Int = 1, expertsAtMost: Int = 65_535,
    weights: Weights = .scaled, meanExperts: Double = 0, stepMilliseconds: Double = 0,
    dispersion: Dispersion = .entropy, escalationOrder: EscalationOrder = .unsureFirst, escalatedShare: Double = 0.25,
    exactPrecision: Precision = .bfloat16
  ) {
    self.kind = kind
    self.mass = mass
    self.expertsAtLeast = expertsAtLeast
    self.expertsAtMost = expertsAtMost
    self.weights = weights
    self.meanExperts = meanExperts
    self.stepMilliseconds = stepMilliseconds
    self.dispersion = dispersion
    self.escalationOrder = escalationOrder
    self.escalatedShare = escalatedShare
    self.exactPrecision = exactPrecision
  }
}

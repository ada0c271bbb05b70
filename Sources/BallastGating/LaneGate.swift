public import BallastRuntime

/// The gate of one lane: it chooses as the setting says that all lanes share, and follows it while it changes.
///
///     gate.begin()
///     for layer in layers { try gate.select(logits, layer: layer, traits: traits, into: &selection) }
///     gate.end(after: elapsed)
///
/// What it learns is its own: how far to move the mass, and what confidences each layer has.
public struct LaneGate: Sendable {
  /// Experts in a layer.
  public let expertsPerLayer: Int
  /// What it has done since it was made.
  public private(set) var totals = GateTotals()
  /// The probability that top-p covers now.
  public var mass: Double { topP.mass }

  /// Whether it asks for exact replicas.
  public var escalates: Bool { configuration.kind == .confidence }

  private let setting: GateSetting
  private var configuration: GateConfiguration
  private var generation: UInt64 = 0
  private var topK: TopK
  private var topP: TopP
  /// `[layer]`.
  private var confidence: [ConfidenceGate]
  /// Moves the mass; nil while it stays.
  private var controller: MassController?
  /// What was done when the mass was moved last.
  private var settled = GateTotals()

  /// Tokens that the mass is moved by, at least, so that one small batch does not move it far.
  static let tokensPerUpdate = 64

  /// A gate that works by `setting`.
  ///
  /// - Parameters:
  ///   - setting: What all lanes work by. Limits beyond the layer's experts count as all of them.
  ///   - layers: MoE layers, or passes through them; each keeps its own escalation budget.
  ///   - expertsPerLayer: Experts in a layer, 1…65 535.
  ///   - expertsPerToken: Experts that top-k chooses.
  /// - Throws: `GatingError`.
  public init(
    setting: GateSetting, layers: Int, expertsPerLayer: Int, expertsPerToken: Int
  ) throws(GatingError) {
    self.setting = setting
    self.expertsPerLayer = expertsPerLayer
    configuration = setting.configuration
    topK = try TopK(expertsPerLayer: expertsPerLayer, expertsPerToken: expertsPerToken)
    topP = try TopP(expertsPerLayer: expertsPerLayer, mass: 1)
    let gate = try ConfidenceGate(
      expertsPerLayer: expertsPerLayer, confidence: Confidence(.entropy), budget: EscalationBudget(share: 0),
      exactPrecision: configuration.exactPrecision)
    confidence = Array(repeating: gate, count: max(0, layers))
    generation = .max
    _ = setting.follow(&generation, &configuration)
    try adopt(configuration)
  }

  /// Begins a batch: takes in what has changed of the setting.
  ///
  /// - Throws: `GatingError` when the setting cannot be worked by; it is not followed then.
  /// - Complexity: O(1) while nothing changes; never waits.
  public mutating func begin() throws(GatingError) {
    var next = configuration
    guard setting.follow(&generation, &next) else { return }
    try adopt(next)
    configuration = next
  }

  /// Appends the choices of tokens that share their traits.
  ///
  /// - Parameters:
  ///   - logits: `[token][expert]`, row-major.
  ///   - layer: The layer, or pass, whose router gave them.
  ///   - traits: What is true of these tokens.
  ///   - selection: Gets one row a token, experts in descending order of gate weight.
  /// - Throws: `GatingError`; the selection is as it was.
  /// - Complexity: That of the gate in use.
  public mutating func select(
    _ logits: Span<Float>, layer: LayerID, traits: TokenTraits, into selection: inout Selection
  ) throws(GatingError) {
    let before = GateTotals(tokens: selection.tokenCount, assignments: selection.assignmentCount)
    var escalated = 0
    switch configuration.kind {
    case .topK: try topK.select(logits, traits: traits, into: &selection)
    case .topP: try topP.select(logits, traits: traits, into: &selection)
    case .confidence:
      try topK.select(logits, traits: traits, into: &selection)
      if confidence.indices.contains(layer.index) {
        escalated = try confidence[layer.index].escalate(
          logits, tokens: before.tokens..<selection.tokenCount, of: &selection)
      }
    }
    totals.add(
      GateTotals(
        tokens: selection.tokenCount - before.tokens, assignments: selection.assignmentCount - before.assignments,
        escalated: escalated))
  }

  /// Ends a batch: moves the mass if a target is held.
  ///
  /// - Parameter time: What the batch took.
  public mutating func end(after time: Duration) {
    guard configuration.kind == .topP, var controller else { return }
    let done = totals.since(settled)
    guard done.tokens >= Self.tokensPerUpdate * max(1, confidence.count), let mean = done.meanExperts else { return }
    settled = totals
    let mass = controller.update(cost: configuration.stepMilliseconds > 0 ? time / .milliseconds(1) : mean)
    self.controller = controller
    try? topP.set(mass: mass)
  }

  /// Forgets what it has learned, so that what follows does not depend on what came before.
  ///
  /// - Throws: `GatingError`, as `begin`.
  public mutating func forget() throws(GatingError) {
    controller = nil
    for layer in confidence.indices { confidence[layer].budget = try EscalationBudget(share: 0) }
    settled = totals
    try adopt(configuration)
  }

  private mutating func adopt(_ next: GateConfiguration) throws(GatingError) {
    let atMost = min(next.expertsAtMost, expertsPerLayer)
    let wasFollowing = controller?.mass
    topP = try TopP(
      expertsPerLayer: expertsPerLayer, mass: next.mass, atLeast: min(next.expertsAtLeast, atMost), atMost: atMost,
      renormalise: next.weights == .scaled)
    let measure = try Confidence(next.dispersion)
    for layer in confidence.indices {
      confidence[layer].confidence = measure
      confidence[layer].order = next.escalationOrder
      confidence[layer].exactPrecision = next.exactPrecision
      try confidence[layer].budget.set(share: next.escalatedShare)
    }
    let target = next.stepMilliseconds > 0 ? next.stepMilliseconds : next.meanExperts
    guard target > 0 else {
      controller = nil
      return
    }
    // A new target starts from the mass in use, not from the beginning.
    controller = try MassController(target: target, mass: wasFollowing ?? next.mass)
    if let mass = controller?.mass { try topP.set(mass: mass) }
  }
}

import BallastRuntime
import Testing

@testable import BallastGating

@Suite struct LaneGateTests {
  private let traits = TokenTraits(phase: .decode)

  private func gate(_ setting: GateSetting, layers: Int = 2, experts: Int = 32) throws -> LaneGate {
    try LaneGate(setting: setting, layers: layers, expertsPerLayer: experts, expertsPerToken: 4)
  }

  /// One batch through all layers; returns the selection of the last.
  @discardableResult
  private func batch(
    _ gate: inout LaneGate, seed: UInt64 = 1, rows: Int = 70, time: Duration = .zero
  ) throws -> Selection {
    let logits = TopPTests.rows(rows, experts: gate.expertsPerLayer, seed: seed)
    var selection = Selection(expertsPerLayer: gate.expertsPerLayer)
    try gate.begin()
    for layer in 0..<2 {
      selection.removeAll()
      try gate.select(logits.span, layer: LayerID(layer), traits: traits, into: &selection)
    }
    gate.end(after: time)
    return selection
  }

  @Test func byDefaultItIsTheModelsTopK() throws {
    var gate = try gate(GateSetting(GateConfiguration()))
    let selection = try batch(&gate)
    var topK = try TopK(expertsPerLayer: 32, expertsPerToken: 4)
    var expected = Selection(expertsPerLayer: 32)
    try topK.select(TopPTests.rows(70, experts: 32, seed: 1).span, traits: traits, into: &expected)
    #expect(selection.experts == expected.experts && selection.gates == expected.gates)
    #expect(gate.totals == GateTotals(tokens: 140, assignments: 560, escalated: 0))
  }

  @Test func followsTheSettingFromTheNextBatchOn() throws {
    let setting = GateSetting(GateConfiguration())
    var gate = try gate(setting)
    try batch(&gate)
    setting.update {
      $0.kind = .topP; $0.mass = 1; $0.expertsAtMost = 7
    }
    #expect(try batch(&gate).assignmentCount == 7 * 70)
    setting.update {
      $0.kind = .confidence; $0.escalatedShare = 1; $0.exactPrecision = .float32
    }
    let selection = try batch(&gate)
    #expect(selection.assignmentCount == 280 && selection.traits.allSatisfy { $0.leastPrecision == .float32 })
    #expect(gate.totals.escalated == 140)
    setting.update { $0.escalatedShare = 0 }
    #expect(try batch(&gate).traits.allSatisfy { $0.leastPrecision == .int4 })
  }

  @Test func holdsAMeanOfExperts() throws {
    let setting = GateSetting(GateConfiguration(kind: .topP, mass: 0.99, meanExperts: 6))
    var gate = try gate(setting)
    for _ in 0..<40 { try batch(&gate) }
    let before = gate.totals
    try batch(&gate)
    #expect(abs((gate.totals.since(before).meanExperts ?? 0) / 6 - 1) < 0.05)
    // Another target goes on from the mass in use.
    let mass = gate.mass
    setting.update { $0.meanExperts = 6.5 }
    try gate.begin()
    #expect(gate.mass == mass)
    setting.update {
      $0.meanExperts = 0; $0.mass = 0.25
    }
    try batch(&gate)
    #expect(gate.mass == 0.25)
  }

  @Test func holdsAStepTime() throws {
    var gate = try gate(GateSetting(GateConfiguration(kind: .topP, mass: 0.99, stepMilliseconds: 3)))
    var time = 0.0
    for _ in 0..<40 {
      let before = gate.totals
      // As long as a millisecond and a third for each expert of the batch before it.
      try batch(&gate, time: .milliseconds(1) + .microseconds(333) * Int(time))
      time = gate.totals.since(before).meanExperts ?? 0
    }
    #expect(abs(time - 6) < 0.7)
  }

  @Test func aSmallBatchDoesNotMoveTheMass() throws {
    var gate = try gate(GateSetting(GateConfiguration(kind: .topP, mass: 0.5, meanExperts: 20)))
    try batch(&gate, rows: 10)
    #expect(gate.mass == 0.5)
    for _ in 0..<7 { try batch(&gate, rows: 10) }
    #expect(gate.mass > 0.5)
  }

  @Test func layersHaveBudgetsOfTheirOwn() throws {
    var gate = try gate(GateSetting(GateConfiguration(kind: .confidence, escalatedShare: 0.5)))
    let sure = (0..<100 * 32).map { Float($0 % 32 == 3 ? 9 : 0) }
    let unsure = (0..<100 * 32).map { Float($0 % 32 == 3 ? 0.1 : 0) }
    var counts = [0, 0]
    for _ in 0..<20 {
      try gate.begin()
      for (layer, logits) in [sure, unsure].enumerated() {
        var selection = Selection(expertsPerLayer: 32)
        try gate.select(logits.span, layer: LayerID(layer), traits: traits, into: &selection)
        counts[layer] += selection.traits.count { $0.leastPrecision == .bfloat16 }
      }
    }
    for count in counts { #expect(abs(Double(count) / 2000 - 0.5) <= EscalationBudget.errorBound(2000)) }
  }

  @Test func whatWasForgottenNoLongerCounts() throws {
    var gate = try gate(GateSetting(GateConfiguration(kind: .confidence, escalatedShare: 0.3)))
    let first = try batch(&gate)
    for seed in 2..<20 { try batch(&gate, seed: UInt64(seed)) }
    try gate.forget()
    #expect(try batch(&gate).traits == first.traits)
  }

  @Test func limitsBeyondTheLayerCountAsAllOfIt() throws {
    var gate = try gate(
      GateSetting(GateConfiguration(kind: .topP, mass: 1, expertsAtLeast: 100, expertsAtMost: 1000)), experts: 5)
    #expect(try batch(&gate).assignmentCount == 350)
  }

  @Test func aSettingItCannotWorkByIsNamedAndNotFollowed() throws {
    let setting = GateSetting(GateConfiguration(kind: .topP, mass: 0.5))
    var gate = try gate(setting)
    setting.update { $0.mass = 2 }
    #expect(throws: GatingError.mass(2)) { try gate.begin() }
    #expect(gate.mass == 0.5)
    setting.update { $0.mass = 0.6 }
    try gate.begin()
    #expect(gate.mass == 0.6)
    #expect(throws: GatingError.mass(0)) { try self.gate(GateSetting(GateConfiguration(mass: 0))) }
  }
}

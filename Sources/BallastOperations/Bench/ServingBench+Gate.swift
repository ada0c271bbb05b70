import BallastGating
import BallastRuntime

extension ServingBench {
  /// Tokens of a batch that gates are measured with.
  private static var gatedTokens: Int { 512 }

  /// Choosing experts, by each gate, over 256 experts and over 32; then dispatching what is ragged, or escalated.
  ///
  /// - Throws: `BenchError`.
  public func gates() throws(BenchError) -> [BenchRow] {
    var rows: [BenchRow] = []
    for (experts, expertsPerToken) in [(256, 8), (32, 4)] {
      var source = RouterRows(experts: experts, seed: seed)
      let logits = source.next(Self.gatedTokens)
      rows += try gates(logits, experts: experts, expertsPerToken: expertsPerToken)
    }
    return rows + [
      try dispatch("dispatchUniform", lengths: [8], escalated: 0),
      try dispatch("dispatchRagged", lengths: [4, 12, 7, 9], escalated: 0),
      try dispatch("dispatchEscalated", lengths: [8], escalated: 4),
    ]
  }

  private func gates(_ logits: [Float], experts: Int, expertsPerToken: Int) throws(BenchError) -> [BenchRow] {
    do throws(GatingError) {
      let confidence = try ConfidenceGate(
        expertsPerLayer: experts, confidence: Confidence(.entropy), budget: EscalationBudget(share: 0.25),
        exactPrecision: .bfloat16)
      var topK = try TopK(expertsPerLayer: experts, expertsPerToken: expertsPerToken)
      var rows = [
        try gate("topK\(experts)", logits, experts) { (logits, selection) throws(GatingError) in
          try topK.select(logits, traits: traits, into: &selection)
        }
      ]
      for mass in [0.4, 0.8, 1] {
        var topP = try TopP(expertsPerLayer: experts, mass: mass)
        rows.append(
          try gate("topP\(experts)At\(Int(mass * 100))", logits, experts) { (logits, selection) throws(GatingError) in
            try topP.select(logits, traits: traits, into: &selection)
          })
      }
      var gate = confidence
      rows.append(
        try self.gate("topKConfidence\(experts)", logits, experts) { (logits, selection) throws(GatingError) in
          try topK.select(logits, traits: traits, into: &selection)
          try gate.escalate(logits, tokens: 0..<selection.tokenCount, of: &selection)
        })
      return rows
    } catch {
      throw .unmade("\(error)")
    }
  }

  private var traits: TokenTraits { TokenTraits(phase: .decode) }

  private func gate(
    _ name: String, _ logits: [Float], _ experts: Int,
    _ select: (Span<Float>, inout Selection) throws(GatingError) -> Void
  ) throws(GatingError) -> BenchRow {
    var selection = Selection(expertsPerLayer: experts)
    let tokens = logits.count / experts
    let outcome = try measurement.measure(operations: tokens) { () throws(GatingError) in
      selection.removeAll()
      try select(logits.span, &selection)
    }
    return BenchRow(name, outcome, unit: "ns/token", floor: floors.byteNanoseconds * Double(experts * 4))
  }

  /// Counting and dispatching rows of these lengths by turns, of whose tokens every so many is escalated.
  private func dispatch(_ name: String, lengths: [Int], escalated: Int) throws(BenchError) -> BenchRow {
    let batch = try batch(lengths: lengths, escalated: escalated)
    let path = try cluster.path(cluster.copies)
    var lane = try BenchError.making { () throws(LaneError) in try path.makeLane() }
    do throws(ExecutionError) {
      let outcome = try measurement.measure(operations: batch.assignmentCount) { () throws(ExecutionError) in
        try lane.dispatch(batch, layer: layer) { _ in }
      }
      return BenchRow(name, outcome, unit: "ns/assignment", floor: dispatchFloor)
    } catch {
      throw .execution(error)
    }
  }

  private func batch(lengths: [Int], escalated: Int) throws(BenchError) -> Selection {
    let uniform = try cluster.batch(tokens: Self.prefillTokens, exponent: 0, seed: seed)
    let rows = (0..<uniform.assignmentCount / lengths.reduce(0, +)).flatMap { _ in lengths.map { Int32($0) } }
    let count = rows.reduce(0) { $0 + Int($1) }
    return try BenchError.making { () throws(SelectionError) in
      var selection = Selection(expertsPerLayer: uniform.expertsPerLayer)
      try selection.append(
        experts: uniform.experts.span.extracting(0..<count), gates: uniform.gates.span.extracting(0..<count),
        rowLengths: rows.span, traits: traits)
      guard escalated > 0 else { return selection }
      for token in stride(from: 0, to: selection.tokenCount, by: escalated) {
        selection.setLeastPrecision(.bfloat16, of: token)
      }
      return selection
    }
  }
}

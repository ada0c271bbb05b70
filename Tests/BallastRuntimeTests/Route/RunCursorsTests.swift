import Testing

@testable import BallastRuntime

/// Every way a batch may be handed to a lane, compared with the plain one: a `Selection` of the tokens that take part.
@Suite struct RunCursorsTests {
  /// One random batch as arrays.
  private struct Batch {
    var ids: [Int] = []
    var gates: [Float] = []
    var starts: [Int32] = [0]
    var traits: [TokenTraits] = []
    var mask: [Bool] = []

    init(_ instance: SyntheticInstance, tokens: Int, sharesTraits: Bool, random: inout SplitMix64) {
      let experts = instance.shape.expertsPerLayer
      for _ in 0..<tokens {
        for _ in 0..<random.pick(0...4) {
          ids.append(random.pick(0...experts - 1))
          gates.append(Float(random.fraction()))
        }
        starts.append(Int32(ids.count))
        mask.append(random.pick(0...3) > 0)
        traits.append(
          TokenTraits(
            phase: sharesTraits || random.pick(0...1) == 0 ? .prefill : .decode,
            isCounted: sharesTraits || random.pick(0...4) > 0,
            leastPrecision: sharesTraits ? .int4 : Precision.allCases[random.pick(0...3)]))
      }
    }

    func choices(_ token: Int) -> Range<Int> { Int(starts[token])..<Int(starts[token + 1]) }

    /// The tokens that take part, and their places in the batch.
    func plain(experts: Int) throws -> (selection: Selection, tokens: [Int]) {
      var selection = Selection(expertsPerLayer: experts)
      var tokens: [Int] = []
      for token in traits.indices where mask[token] && !choices(token).isEmpty {
        let ids = Array(ids[choices(token)])
        let gates = Array(gates[choices(token)])
        try selection.append(experts: ids.span, gates: gates.span, expertsPerToken: ids.count, traits: traits[token])
        tokens.append(token)
      }
      return (selection, tokens)
    }
  }

  private func dispatch<ID: FixedWidthInteger & BitwiseCopyable>(
    _ batch: Batch, as _: ID.Type, _ table: RoutingTable, experts: Int, into dispatcher: inout Dispatcher
  ) throws -> Dispatch {
    let ids = batch.ids.map { ID($0) }
    let span = try SelectionSpan(
      experts: ids.span, gates: batch.gates.span, rows: .ragged(starts: batch.starts.span), expertsPerLayer: experts,
      traits: .each(batch.traits.span), mask: batch.mask.span)
    var dispatch = Dispatch()
    dispatcher.count(span)
    dispatcher.route(span, layer: LayerID(0), table: table, into: &dispatch)
    return dispatch
  }

  @Test func everyFormOfABatchIsDispatchedAlike() throws {
    var dispatcher = Dispatcher()
    let policies: [DispatchPolicy] = [
      .resident, .pinned(.int8),
      .borrowing(BorrowLimits(imbalanceThreshold: 1.05, capacityFactor: 1, minimumChunkTokens: 2)),
    ]
    for seed in 0..<240 as Range<UInt64> {
      var random = SplitMix64(seed: seed ^ 0x51)
      let instance = try SyntheticInstance(seed: seed, devices: 1...9, experts: 1...120, tokens: 1, precisions: 4)
      let experts = instance.shape.expertsPerLayer
      let batch = Batch(
        instance, tokens: seed % 40 == 0 ? 3_000 : random.pick(0...50), sharesTraits: seed % 2 == 0, random: &random)
      let table = try instance.table(.mixed(activation: 30), policy: policies[Int(seed % 3)])
      let (selection, tokens) = try batch.plain(experts: experts)
      var expected = Dispatch()
      dispatcher.dispatch(selection, layer: LayerID(0), table: table, into: &expected)
      for dispatch in [
        try dispatch(batch, as: UInt8.self, table, experts: experts, into: &dispatcher),
        try dispatch(batch, as: Int16.self, table, experts: experts, into: &dispatcher),
        try dispatch(batch, as: Int32.self, table, experts: experts, into: &dispatcher),
        try dispatch(batch, as: Int.self, table, experts: experts, into: &dispatcher),
      ] {
        #expect(dispatch.runs == expected.runs && dispatch.deviceRuns == expected.deviceRuns, "seed \(seed)")
        #expect(dispatch.gates == expected.gates, "seed \(seed)")
        #expect(dispatch.rows == expected.rows.map { Int32(tokens[Int($0)]) }, "seed \(seed)")
        #expect(dispatch.entryOfAssignment == expected.entryOfAssignment, "seed \(seed)")
        #expect(dispatch.deviceTimes == expected.deviceTimes, "seed \(seed)")
        #expect(dispatch.unmetAssignments == expected.unmetAssignments, "seed \(seed)")
        #expect(dispatch.tokenCount == batch.traits.count, "seed \(seed)")
        for token in batch.traits.indices {
          let count = dispatch.assignmentStarts[token + 1] - dispatch.assignmentStarts[token]
          #expect(Int(count) == (batch.mask[token] ? batch.choices(token).count : 0), "seed \(seed)")
        }
      }
    }
  }

  @Test func theInversePermutationLeadsBack() throws {
    let instance = try SyntheticInstance(seed: 11, devices: 4...4, experts: 20...20, tokens: 1, precisions: 4)
    var dispatcher = Dispatcher()
    var dispatch = Dispatch()
    dispatcher.dispatch(
      try instance.selection(tokens: 50), layer: LayerID(0), table: try instance.table(.tokens), into: &dispatch)
    var assignments = Array(repeating: Int32(-1), count: dispatch.rows.count)
    var span = assignments.mutableSpan
    try dispatch.writeAssignments(into: &span)
    for (entry, assignment) in assignments.enumerated() {
      #expect(dispatch.entryOfAssignment[Int(assignment)] == Int32(entry))
    }
    var short = Array(repeating: Int32(-1), count: dispatch.rows.count - 1)
    do {
      var span = short.mutableSpan
      try dispatch.writeAssignments(into: &span)
      Issue.record("too short a span was accepted")
    } catch {
      #expect(error == .wrongLength(name: "output", count: dispatch.rows.count - 1, expected: dispatch.rows.count))
    }
    #expect(short.allSatisfy { $0 == -1 })
  }

  @Test func withoutGatesOnlyTheGroupingIsWritten() throws {
    let instance = try SyntheticInstance(seed: 11, devices: 4...4, experts: 20...20, tokens: 1)
    let ids = (0..<60).map { UInt8($0 * 7 % 20) }
    let span = try SelectionSpan(
      experts: ids.span, rows: .uniform(3), expertsPerLayer: 20, traits: .shared(TokenTraits(phase: .decode)))
    var dispatcher = Dispatcher()
    var dispatch = Dispatch()
    dispatcher.count(span)
    dispatcher.route(span, layer: LayerID(0), table: try instance.table(.tokens), into: &dispatch)
    #expect(dispatch.rows.count == 60 && dispatch.gates.isEmpty)
    for (assignment, entry) in dispatch.entryOfAssignment.enumerated() {
      #expect(dispatch.rows[Int(entry)] == Int32(assignment / 3))
    }
  }

  @Test func theThreadMakesNoDifference() async throws {
    let instance = try SyntheticInstance(seed: 21, devices: 8...8, experts: 60...60, tokens: 1, precisions: 4)
    let table = try instance.table(.mixed(activation: 30))
    let selection = try instance.selection(tokens: 200)
    let dispatches = await withTaskGroup(of: Dispatch.self) { group in
      for _ in 0..<8 {
        group.addTask {
          var dispatcher = Dispatcher()
          var dispatch = Dispatch()
          for _ in 0..<3 { dispatcher.dispatch(selection, layer: LayerID(0), table: table, into: &dispatch) }
          return dispatch
        }
      }
      return await group.reduce(into: [Dispatch]()) { $0.append($1) }
    }
    for dispatch in dispatches.dropFirst() {
      #expect(dispatch.runs == dispatches[0].runs && dispatch.rows == dispatches[0].rows)
      #expect(dispatch.gates == dispatches[0].gates && dispatch.deviceTimes == dispatches[0].deviceTimes)
    }
  }
}

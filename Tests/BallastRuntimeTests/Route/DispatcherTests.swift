import BallastRuntime
import Testing

@Suite struct DispatcherTests {
  private func dispatch(
    _ instance: SyntheticInstance, _ selection: Selection, cost: CostModel = .mixed(activation: 30),
    policy: DispatchPolicy = .resident
  ) throws -> Dispatch {
    var dispatcher = Dispatcher()
    var dispatch = Dispatch()
    dispatcher.dispatch(selection, layer: LayerID(0), table: try instance.table(cost, policy: policy), into: &dispatch)
    return dispatch
  }

  /// The run an entry belongs to.
  private func runOfEntry(_ dispatch: Dispatch) -> [Dispatch.Run] {
    dispatch.runs.flatMap { run in run.entries.map { _ in run } }
  }

  @Test func everyAssignmentIsServedOnce() throws {
    for seed in 0..<500 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 1...9, experts: 1...24, tokens: 1, precisions: 4)
      let selection = try instance.selection(tokens: Int(seed % 60))
      let dispatch = try dispatch(instance, selection, policy: seed % 3 == 0 ? Self.borrowing : .resident)
      let runs = runOfEntry(dispatch)
      #expect(runs.count == selection.assignmentCount, "seed \(seed)")
      #expect(dispatch.tokenCount == selection.tokenCount, "seed \(seed)")
      #expect(Set(dispatch.entryOfAssignment).count == selection.assignmentCount, "seed \(seed)")
      for token in 0..<selection.tokenCount {
        let choices = selection.assignments(of: token)
        #expect(Int(dispatch.assignmentStarts[token])..<Int(dispatch.assignmentStarts[token + 1]) == choices)
        for assignment in choices {
          let entry = Int(dispatch.entryOfAssignment[assignment])
          #expect(dispatch.rows[entry] == Int32(token), "seed \(seed)")
          #expect(dispatch.gates[entry] == selection.gates[assignment], "seed \(seed)")
          #expect(runs[entry].expert.index == Int(selection.experts[assignment]), "seed \(seed)")
        }
      }
    }
  }

  private static var borrowing: DispatchPolicy {
    .borrowing(BorrowLimits(imbalanceThreshold: 1.05, capacityFactor: 1, minimumChunkTokens: 2))
  }

  @Test func runsAreOrderedByDeviceThenExpertThenToken() throws {
    for seed in 0..<500 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 1...9, experts: 1...24, tokens: 1, precisions: 4)
      let dispatch = try dispatch(instance, try instance.selection(tokens: 40))
      let layer = instance.placement.layers[0]
      let keys = dispatch.runs.map { [$0.device.index, $0.expert.index] }
      #expect(zip(keys, keys.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) }, "seed \(seed)")
      for (device, first) in dispatch.deviceRuns.dropLast().enumerated() {
        let runs = dispatch.runs(on: DeviceID(device))
        #expect(runs.startIndex == first && runs.allSatisfy { $0.device.index == device }, "seed \(seed)")
      }
      #expect(dispatch.deviceRuns.count == instance.topology.devices.count + 1, "seed \(seed)")
      #expect(dispatch.deviceEntries.reduce(0, +) == dispatch.rows.count, "seed \(seed)")
      for run in dispatch.runs {
        let rows = dispatch.rows[run.entries]
        #expect(zip(rows, rows.dropFirst()).allSatisfy { $0 < $1 }, "seed \(seed)")
        #expect(run.home == run.device && !run.entries.isEmpty, "seed \(seed)")
        #expect(layer.replica(of: run.expert, on: run.device)?.precision == run.precision, "seed \(seed)")
        #expect(run.handle == UInt32(run.expert.index * 1_000 + run.device.index), "seed \(seed)")
      }
    }
  }

  @Test func leastPrecisionIsMetWhereItCanBe() throws {
    for seed in 0..<500 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 1...9, experts: 1...24, tokens: 1, precisions: 4)
      let selection = try instance.selection(tokens: 40)
      let dispatch = try dispatch(instance, selection)
      let runs = runOfEntry(dispatch)
      var unmet = 0
      for token in 0..<selection.tokenCount {
        let least = selection.traits[token].leastPrecision
        for assignment in selection.assignments(of: token) {
          let expert = ExpertID(Int(selection.experts[assignment]))
          let precisions = instance.placement.layers[0].replicas(of: expert).map(\.precision)
          let given = runs[Int(dispatch.entryOfAssignment[assignment])].precision
          if precisions.contains(where: { $0.satisfies(least) }) {
            #expect(given.satisfies(least), "seed \(seed)")
          } else {
            unmet += 1
            #expect(precisions.allSatisfy { given.satisfies($0) }, "seed \(seed)")
          }
        }
      }
      #expect(dispatch.unmetAssignments == unmet, "seed \(seed)")
    }
  }

  @Test func pinnedPrecisionDoesNotDependOnLoad() throws {
    for seed in 0..<200 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 2...9, experts: 2...24, tokens: 1, precisions: 4)
      let dispatch = try dispatch(instance, try instance.selection(tokens: 40), policy: .pinned(.int8))
      for run in dispatch.runs {
        let precisions = instance.placement.layers[0].replicas(of: run.expert).map(\.precision)
        if precisions.contains(.int8) {
          #expect(run.precision == .int8, "seed \(seed)")
        } else {
          #expect(precisions.allSatisfy { run.precision.satisfies($0) }, "seed \(seed)")
        }
      }
    }
  }

  @Test func forecastsTheTimesOfItsRuns() throws {
    let cost = CostModel.mixed(activation: 30)
    for seed in 0..<200 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 2...9, experts: 2...24, tokens: 1, precisions: 4)
      let dispatch = try dispatch(instance, try instance.selection(tokens: 40), cost: cost)
      var times = Array(repeating: 0.0, count: instance.topology.devices.count)
      for run in dispatch.runs {
        times[run.device.index] +=
          cost.activationNanoseconds[run.precision]
          + Double(run.entries.count) * cost.perTokenNanoseconds[run.precision]
      }
      for (time, forecast) in zip(times, dispatch.deviceTimes) {
        #expect(abs(time - forecast) < 1e-6 * max(1, time), "seed \(seed)")
      }
    }
  }

  @Test func reuseMakesNoDifference() throws {
    var dispatcher = Dispatcher()
    var used = Dispatch()
    for seed in 0..<100 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 1...9, experts: 1...24, tokens: 1, precisions: 4)
      let selection = try instance.selection(tokens: Int(seed * 7 % 60))
      dispatcher.dispatch(
        selection, layer: LayerID(0), table: try instance.table(.mixed(activation: 30)), into: &used)
      let fresh = try dispatch(instance, selection)
      #expect(used.runs == fresh.runs && used.rows == fresh.rows && used.gates == fresh.gates, "seed \(seed)")
      #expect(used.entryOfAssignment == fresh.entryOfAssignment, "seed \(seed)")
      #expect(used.deviceRuns == fresh.deviceRuns && used.deviceTimes == fresh.deviceTimes, "seed \(seed)")
      #expect(used.assignmentStarts == fresh.assignmentStarts, "seed \(seed)")
    }
  }
}

import BallastRuntime
import Testing

@Suite struct EvenTiesTests {
  private static let tie = BatchSplit.calibrationTie

  private func solve(
    _ graph: ReplicaGraph, _ loads: [Int], tie: Double, wholeTokens: Bool = true
  ) -> BatchSplit {
    var split = BatchSplit()
    split.begin(graph)
    for (expert, load) in loads.enumerated() where load > 0 {
      split.add(expert: expert, tokens: Double(load), graph: graph)
    }
    split.solve(graph, wholeTokens: wholeTokens, tie: tie)
    return split
  }

  private func busiest(_ split: BatchSplit) -> Double { split.pieces.map(\.tokens).max() ?? 0 }

  @Test func whereGatheringSavesLittleTheBusiestReplicaIsRelieved() throws {
    let both = (0..<2).flatMap { expert in
      (0..<2).map { Replica(expert: ExpertID(expert), device: DeviceID($0), precision: .bfloat16) }
    }
    let graph = ReplicaGraph(
      LayerPlacement(both), experts: 2, topology: try .uniform(devices: 2, memoryBytesPerDevice: 1),
      cost: .mixed(activation: 4 / 0.6, perToken: 1 / 0.6))
    let gathered = solve(graph, [100, 100], tie: 0)
    #expect(busiest(gathered) == 100)
    #expect(abs(gathered.longest - 104) < 1e-9)
    let evened = solve(graph, [100, 100], tie: Self.tie)
    #expect(busiest(evened) <= 75)
    #expect(evened.longest <= gathered.longest * (1 + Self.tie) + 1e-9)
  }

  @Test(arguments: [true, false])
  func noDeviceTakesLongerThanATieAllowsAndNothingIsLost(wholeTokens: Bool) throws {
    var relieved = 0
    for seed in 0..<200 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 1...8, experts: 1...24, tokens: 200, precisions: 4)
      let graph = instance.graph(.mixed(activation: 20))
      let solved = solve(graph, instance.loads, tie: 0, wholeTokens: wholeTokens)
      let evened = solve(graph, instance.loads, tie: Self.tie, wholeTokens: wholeTokens)
      #expect(evened.longest <= solved.longest * (1 + Self.tie) * (1 + 1e-9), "seed \(seed)")
      #expect(busiest(evened) <= busiest(solved) + 1e-6, "seed \(seed)")
      if busiest(evened) < busiest(solved) - 1e-6 { relieved += 1 }
      for item in evened.items {
        let pieces = evened.pieces[item.pieces]
        #expect(abs(pieces.reduce(0) { $0 + $1.tokens } - item.tokens) < 1e-6, "seed \(seed)")
        #expect(pieces.allSatisfy { $0.tokens >= 0 }, "seed \(seed)")
        #expect(!wholeTokens || pieces.allSatisfy { $0.tokens == $0.tokens.rounded() }, "seed \(seed)")
      }
    }
    #expect(relieved > 0)
  }
}

import BallastRuntime
import Testing

@Suite struct BatchSplitTests {
  @Test func splitsSumToTheLoads() throws {
    for seed in 0..<300 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 1...12, experts: 1...40, tokens: 300, precisions: 4)
      for cost in [CostModel.tokens, .mixed(activation: 40)] {
        for wholeTokens in [true, false] {
          let split = instance.split(cost, wholeTokens: wholeTokens)
          for item in split.items {
            let sum = split.pieces[item.pieces].reduce(0) { $0 + $1.tokens }
            #expect(abs(sum - Double(instance.loads[item.expert])) < 1e-6, "seed \(seed)")
            for piece in split.pieces[item.pieces] {
              #expect(piece.tokens >= 0, "seed \(seed)")
              #expect(!wholeTokens || piece.tokens == piece.tokens.rounded(), "seed \(seed)")
            }
          }
          #expect(split.items.count == instance.loads.count { $0 > 0 }, "seed \(seed)")
        }
      }
    }
  }

  @Test func deviceTimesFollowTheCostLaw() throws {
    for seed in 0..<200 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 1...8, experts: 1...30, tokens: 50, precisions: 4)
      let cost = CostModel.mixed(activation: 25)
      let graph = instance.graph(cost)
      let split = instance.split(cost)
      var times = Array(repeating: 0.0, count: graph.devices)
      for piece in split.pieces where piece.tokens > 0 {
        times[piece.device] += graph.activation[piece.replica] + piece.tokens * graph.perToken[piece.replica]
      }
      for (time, expected) in zip(split.deviceTimes, times) {
        #expect(abs(time - expected) < 1e-6 * max(1, expected), "seed \(seed)")
      }
    }
  }

  @Test func neverWorseThanTheEvenSplit() throws {
    for seed in 0..<500 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 1...12, experts: 1...40, tokens: 60, precisions: 4)
      for cost in [CostModel.tokens, .mixed(activation: 40), .mixed(activation: 10, perToken: 0)] {
        let graph = instance.graph(cost)
        var times = Array(repeating: 0.0, count: graph.devices)
        for (expert, load) in instance.loads.enumerated() {
          let replicas = graph.replicas(of: expert)
          for (place, replica) in replicas.enumerated() {
            let tokens = load / replicas.count + (place < load % replicas.count ? 1 : 0)
            guard tokens > 0 else { continue }
            times[Int(graph.device[replica])] += graph.activation[replica] + Double(tokens) * graph.perToken[replica]
          }
        }
        #expect(instance.split(cost).longest <= (times.max() ?? 0) * (1 + 1e-9), "seed \(seed)")
      }
    }
  }

  @Test func reachesTheMinimumWithoutActivation() throws {
    for seed in 0..<250 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 2...16, experts: 2...48, tokens: 400)
      guard instance.loads.contains(where: { $0 > 0 }) else { continue }
      let devices = (0..<instance.loads.count).map { expert in
        instance.placement.layers[0].replicas(of: ExpertID(expert)).map(\.device.index)
      }
      let optimum = MinMaxFlow.optimum(
        loads: instance.loads.map(Double.init), devices: devices, deviceCount: instance.topology.devices.count)
      #expect(instance.split(.tokens, wholeTokens: false).longest <= optimum * 1.01, "seed \(seed)")
      #expect(instance.split(.tokens).longest <= optimum * 1.01 + 1, "seed \(seed)")
    }
  }

  @Test(arguments: [4, 16, 32]) func reachesTheMinimumOnChains(devices: Int) throws {
    let replicas = (0..<devices - 1).flatMap { expert in
      [expert, expert + 1].map { Replica(expert: ExpertID(expert), device: DeviceID($0), precision: .float32) }
    }
    let topology = try Topology.uniform(devices: devices, memoryBytesPerDevice: 1 << 40)
    let graph = ReplicaGraph(LayerPlacement(replicas), experts: devices - 1, topology: topology, cost: .tokens)
    var split = BatchSplit()
    split.begin(graph)
    let loads = (0..<devices - 1).map { Double($0 * $0) }
    for (expert, load) in loads.enumerated() where load > 0 { split.add(expert: expert, tokens: load, graph: graph) }
    split.solve(graph, wholeTokens: false)
    let optimum = MinMaxFlow.optimum(
      loads: loads, devices: (0..<devices - 1).map { [$0, $0 + 1] }, deviceCount: devices)
    #expect(split.longest <= optimum * 1.01)
  }

  @Test func staysNearTheMinimumWithActivation() throws {
    var ratios: [Double] = []
    for seed in 0..<1200 as Range<UInt64> {
      var instance = try SyntheticInstance(seed: seed, devices: 2...4, experts: 2...7, tokens: 6, precisions: 4)
      instance.loads = instance.loads.map { min($0, 4) }
      guard instance.loads.contains(where: { $0 > 0 }) else { continue }
      let cost = CostModel.mixed(activation: Double(1 + seed % 9))
      let least = BruteForce.longest(loads: instance.loads, graph: instance.graph(cost))
      let ratio = instance.split(cost).longest / least
      #expect(ratio > 1 - 1e-9, "seed \(seed)")
      ratios.append(ratio)
    }
    let mean = ratios.reduce(0, +) / Double(ratios.count)
    #expect(mean < 1.0005)
    #expect(ratios.count { $0 > 1.05 } * 1000 <= ratios.count)
  }

  @Test func sameInputSameSplit() throws {
    let instance = try SyntheticInstance(seed: 3, devices: 8...8, experts: 30...30, tokens: 99, precisions: 4)
    let first = instance.split(.mixed(activation: 30))
    let second = instance.split(.mixed(activation: 30))
    #expect(first.pieces.map(\.tokens) == second.pieces.map(\.tokens))
    #expect(first.deviceTimes == second.deviceTimes)
  }

  @Test func reuseForgetsTheLastBatch() throws {
    let instance = try SyntheticInstance(seed: 4, devices: 8...8, experts: 30...30, tokens: 99, precisions: 4)
    let fresh = instance.split(.mixed(activation: 30))
    var used = try SyntheticInstance(seed: 9, devices: 12...12, experts: 40...40, tokens: 500).split(.tokens)
    let graph = instance.graph(.mixed(activation: 30))
    used.begin(graph)
    for (expert, load) in instance.loads.enumerated() where load > 0 {
      used.add(expert: expert, tokens: Double(load), graph: graph)
    }
    used.solve(graph, wholeTokens: true)
    #expect(used.pieces.map(\.tokens) == fresh.pieces.map(\.tokens))
    #expect(used.deviceTimes == fresh.deviceTimes)
  }

  @Test func unmetDemandGoesToTheMostExact() throws {
    let topology = try Topology.uniform(devices: 3, memoryBytesPerDevice: 1 << 40)
    let precisions: [Precision] = [.int8, .int4, .int8]
    let replicas = precisions.enumerated().map {
      Replica(expert: ExpertID(0), device: DeviceID($0.offset), precision: $0.element)
    }
    let graph = ReplicaGraph(LayerPlacement(replicas), experts: 1, topology: topology, cost: .tokens)
    var split = BatchSplit()
    split.begin(graph)
    split.add(expert: 0, tokens: 10, least: .bfloat16, graph: graph)
    split.add(expert: 0, tokens: 4, least: .int8, graph: graph)
    split.add(expert: 0, tokens: 7, pinned: .int4, graph: graph)
    split.solve(graph, wholeTokens: true)
    #expect(split.unmetTokens == 10)
    #expect(split.deviceTimes == [7, 7, 7])
  }

  @Test func nothingTakesNoTime() throws {
    let instance = try SyntheticInstance(seed: 5, devices: 4...4, experts: 6...6, tokens: 0)
    let split = instance.split(.mixed(activation: 5))
    #expect(split.longest == 0)
    #expect(split.pieces.isEmpty)
  }
}

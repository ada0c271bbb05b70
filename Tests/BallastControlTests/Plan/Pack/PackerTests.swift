import BallastControl
import BallastRuntime
import BallastSimulator
import Testing

@Suite struct PackerTests {
  /// The best imbalance there is, by trying every packing of every choice of copies.
  static func optimum(_ loads: [Double], copies: Int, devices: Int) -> Double {
    let slots = copies / devices
    var sets: [[Int]] = [[]]
    for _ in 0..<slots {
      sets = sets.flatMap { set in ((set.last ?? -1) + 1..<max(loads.count, (set.last ?? -1) + 1)).map { set + [$0] } }
    }
    var best = Double.infinity
    func place(_ chosen: [[Int]], from: Int) {
      guard chosen.count == devices else {
        for index in from..<sets.count { place(chosen + [sets[index]], from: index) }
        return
      }
      var counts = Array(repeating: 0.0, count: loads.count)
      for expert in chosen.joined() { counts[expert] += 1 }
      guard !counts.contains(0) else { return }
      best = min(best, chosen.map { $0.reduce(0) { $0 + loads[$1] / counts[$1] } }.max() ?? 0)
    }
    place([], from: 0)
    return best / (loads.reduce(0, +) / Double(devices))
  }

  static func imbalance(_ packed: [Int], _ loads: [Double], devices: Int) -> Double {
    var counts = Array(repeating: 0.0, count: loads.count)
    for expert in packed { counts[expert] += 1 }
    let slots = packed.count / devices
    let sums = (0..<devices).map { device in
      packed[device * slots..<(device + 1) * slots].reduce(0) { $0 + loads[$1] / counts[$1] }
    }
    return (sums.max() ?? 0) / (sums.reduce(0, +) / Double(devices))
  }

  @Test(arguments: 0..<60)
  func smallLayersAreOptimal(seed: Int) throws {
    var random = SeededRandom(seed: UInt64(seed))
    let devices = Int.random(in: 2...3, using: &random)
    let experts = Int.random(in: 2...6, using: &random)
    let least = (experts + devices - 1) / devices
    let slots = Int.random(in: least...min(experts, least + 1), using: &random)
    let loads = (0..<experts).map { _ in Double(Int.random(in: 1...1000, using: &random)) }
    let packer = try Packer(experts: experts, copies: slots * devices, devices: devices)
    let packed = try #require(try packer.pack([loads]).first)
    let optimum = Self.optimum(loads, copies: slots * devices, devices: devices)
    #expect(packed.imbalance <= optimum * (1 + 1e-5) + 1.6e-5, "seed \(seed)")
    #expect(packed.lowerBound <= optimum * (1 + 1e-6), "seed \(seed)")
    #expect(abs(packed.imbalance - Self.imbalance(packed.experts, loads, devices: devices)) < 1e-5)
  }

  @Test(arguments: 0..<80)
  func everySlotIsFilledAndNoDeviceHoldsAnExpertTwice(seed: Int) throws {
    var random = SeededRandom(seed: UInt64(seed) + 1000)
    let devices = Int.random(in: 1...20, using: &random)
    let experts = Int.random(in: 1...70, using: &random)
    let least = (experts + devices - 1) / devices
    let slots = Int.random(in: least...min(experts, least + 6), using: &random)
    // Some steep, some with experts that get nothing.
    let steepness = Double.random(in: 0...3, using: &random)
    let loads = (0..<experts).map { _ -> Double in
      let one = Double.random(in: 0...1, using: &random)
      return one < 0.1 ? 0 : one * (steepness > 2 ? one * one * one * one : 1)
    }
    let packer = try Packer(experts: experts, copies: slots * devices, devices: devices)
    let packed = try #require(try packer.pack([loads]).first)
    #expect(packed.experts.count == slots * devices)
    #expect(Set(packed.experts) == Set(0..<experts))
    for device in 0..<devices {
      #expect(Set(packed.experts[device * slots..<(device + 1) * slots]).count == slots, "seed \(seed)")
    }
    #expect(packed.lowerBound <= packed.imbalance && packed.lowerBound >= 1)
    #expect(try packer.pack([loads]).first == packed)
  }

  /// The balance of whole models that the packing is held to, on loads no constant was chosen for.
  @Test(arguments: [
    (256, 288, 32, 8, [1.0002, 1.0002, 1.09]), (256, 320, 64, 8, [1.0015, 1.0007, 1.215]),
    (128, 144, 16, 8, [1.0003, 1.0002, 1.0037]), (64, 72, 8, 6, [1.0004, 1.0005, 1.0003]),
    (8, 12, 4, 2, [1.006, 1.006, 1.014]),
  ])
  func wholeModelsAreBalanced(experts: Int, copies: Int, devices: Int, perToken: Int, goals: [Double]) throws {
    // Every choice by itself, so that one expert may get more than every token.
    let shape = try ModelShape(
      layers: 6, expertsPerLayer: experts, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .bfloat16)
    let packer = try Packer(experts: experts, copies: copies, devices: devices)
    for (exponent, goal) in zip([0.6, 1.0, 1.4], goals) {
      let workload = try ZipfWorkload(shape: shape, exponent: exponent, seed: 20_261_121)
      let packed = try packer.pack(workload.loads(tokens: 65_536 * perToken).map { $0.map(Double.init) })
      let mean = packed.reduce(0) { $0 + $1.imbalance } / Double(packed.count)
      #expect(mean <= goal, "exponent \(exponent)")
    }
  }

  @Test func withoutLoadEveryExpertCountsTheSame() throws {
    let packer = try Packer(experts: 4, copies: 8, devices: 4)
    let packed = try packer.pack([[0, 0, 0, 0], [7, 7, 7, 7]])
    #expect(packed[0] == packed[1])
    #expect(packed[0].imbalance == 1 && packed[0].lowerBound == 1)
  }

  @Test func oneExpertGoesEverywhere() throws {
    #expect(try Packer(experts: 1, copies: 5, devices: 5).pack([[3]])[0].experts == [0, 0, 0, 0, 0])
  }

  @Test func moreDevicesThanExpertsAreShared() throws {
    let packed = try Packer(experts: 2, copies: 3, devices: 3).pack([[10, 2]])[0]
    #expect(packed.experts.filter { $0 == 0 }.count == 2)
    #expect(abs(packed.imbalance - 5.0 / 4) < 1e-6 && abs(packed.lowerBound - 5.0 / 4) < 1e-6)
  }

  @Test func extremeLoadsArePacked() throws {
    let packer = try Packer(experts: 4, copies: 6, devices: 2)
    let packed = try packer.pack([
      [.greatestFiniteMagnitude, .greatestFiniteMagnitude, 1, 0], [.leastNonzeroMagnitude, 0, 0, 0],
    ])
    #expect(packed.allSatisfy { abs($0.imbalance - 1) < 1e-6 })
  }

  private func refusal(_ make: () throws(PackingError) -> Void) -> PackingError? {
    do throws(PackingError) {
      try make()
      return nil
    } catch {
      return error
    }
  }

  @Test func shapesThatCannotBePackedAreRefused() {
    func shape(_ experts: Int, _ copies: Int, _ devices: Int, groups: Int = 1, nodes: Int = 1) -> PackingError? {
      refusal { () throws(PackingError) in
        _ = try Packer(experts: experts, copies: copies, devices: devices, groups: groups, nodes: nodes)
      }
    }
    #expect(shape(8, 10, 4) == .uneven(name: "copies", value: 10, divisorName: "devices", divisor: 4))
    #expect(shape(8, 4, 4) == .tooFewCopies(copies: 4, experts: 8))
    #expect(shape(2, 12, 4) == .tooManyCopies(copies: 12, limit: 8))
    #expect(shape(8, 40, 8, groups: 4, nodes: 2) == .tooManyCopies(copies: 40, limit: 32))
    #expect(shape(8, 8, 4, groups: 3) == .uneven(name: "experts", value: 8, divisorName: "groups", divisor: 3))
    #expect(shape(9, 12, 4, groups: 3, nodes: 2) == .uneven(name: "groups", value: 3, divisorName: "nodes", divisor: 2))
    #expect(
      shape(9, 15, 5, groups: 9, nodes: 3) == .uneven(name: "devices", value: 5, divisorName: "nodes", divisor: 3))
    for count in [0, -1, .min, .max, 65_536] {
      #expect(shape(count, 8, 4) == .outOfRange(name: "experts", value: count, allowed: 1...65_535))
      #expect(shape(8, 8, count) == .outOfRange(name: "devices", value: count, allowed: 1...65_535))
      #expect(shape(8, 8, 4, groups: count) == .outOfRange(name: "groups", value: count, allowed: 1...65_535))
      #expect(shape(8, 8, 4, nodes: count) == .outOfRange(name: "nodes", value: count, allowed: 1...65_535))
    }
    #expect(shape(8, .max, 4) == .outOfRange(name: "copies", value: .max, allowed: 1...1 << 24))
  }

  @Test func loadsThatAreNoneAreRefused() {
    for value in [-1.0, .infinity, -.infinity] {
      #expect(
        refusal { () throws(PackingError) in
          _ = try Packer(experts: 2, copies: 2, devices: 2).pack([[1, 1], [1, value]])
        } == .load(layer: 1, expert: 1, value: value))
    }
    #expect(
      refusal { () throws(PackingError) in _ = try Packer(experts: 2, copies: 2, devices: 2).pack([[1, .nan]]) }?
        .description.contains("expert 1 in layer 0 is nan") == true)
    #expect(
      refusal { () throws(PackingError) in _ = try Packer(experts: 2, copies: 2, devices: 2).pack([[1, 2], [1]]) }
        == .loadCount(layer: 1, loads: 1, experts: 2))
  }
}

import BallastRuntime
import Testing

@testable import BallastGating

@Suite struct MassControllerTests {
  /// Mean experts a token that covering `mass` takes on some rows.
  private struct Plant {
    private let logits: [Float]
    private let experts: Int

    init(experts: Int, rows: Int = 70, scale: Float = 1, seed: UInt64 = 31) {
      self.experts = experts
      logits = TopPTests.rows(rows, experts: experts, seed: seed).map { $0 * scale }
    }

    func cost(_ mass: Double) throws -> Double {
      var gate = try TopP(expertsPerLayer: experts, mass: mass)
      var selection = Selection(expertsPerLayer: experts)
      try gate.select(logits.span, traits: TokenTraits(phase: .decode), into: &selection)
      return Double(selection.assignmentCount) / Double(selection.tokenCount)
    }
  }

  private func run(_ controller: inout MassController, on plant: Plant, _ updates: Int) throws -> [Double] {
    try (0..<updates).map { _ in
      let cost = try plant.cost(controller.mass)
      controller.update(cost: cost)
      return cost
    }
  }

  @Test(arguments: [0.02, 0.3, 0.9, 0.998], [4.0, 8, 16])
  func convergesFromBothSides(start: Double, target: Double) throws {
    var controller = try MassController(target: target, mass: start)
    let costs = try run(&controller, on: Plant(experts: 32), 40)
    for cost in costs.suffix(10) { #expect(abs(cost / target - 1) < 0.03) }
  }

  @Test(arguments: [(8, Float(1)), (64, 0.5), (256, 2)])
  func theSameGainsSuitOtherModels(experts: Int, scale: Float) throws {
    let plant = Plant(experts: experts, scale: scale)
    let target = max(2, Double(experts) / 8)
    var controller = try MassController(target: target, mass: 0.5)
    let costs = try run(&controller, on: plant, 40)
    for cost in costs.suffix(10) { #expect(abs(cost / target - 1) < 0.05) }
  }

  @Test func aStepOfTheTargetIsFollowedWithinTenUpdates() throws {
    let plant = Plant(experts: 32)
    var controller = try MassController(target: 4, mass: 0.5)
    _ = try run(&controller, on: plant, 40)
    try controller.set(target: 12)
    let up = try run(&controller, on: plant, 30)
    #expect(up.prefix(11).last.map { abs($0 / 12 - 1) < 0.1 } == true)
    #expect((up.max() ?? 0) < 12 * 1.1)
    try controller.set(target: 4)
    let down = try run(&controller, on: plant, 30)
    #expect(down.prefix(11).last.map { abs($0 / 4 - 1) < 0.1 } == true)
  }

  @Test(arguments: [10, 10_000])
  func longSaturationIsLeftAtOnce(updates: Int) throws {
    let plant = Plant(experts: 32)
    // No mass gives 100 of 32 experts.
    var controller = try MassController(target: 100, mass: 0.5)
    for _ in 0..<updates { controller.update(cost: 31) }
    #expect(abs(controller.mass - MassController.usualMasses.upperBound) < 1e-9 || updates < 50)
    for _ in 0..<50 { controller.update(cost: 31) }
    let saturated = controller.mass
    try controller.set(target: 8)
    controller.update(cost: 31)
    #expect(controller.mass < saturated)
    let costs = try run(&controller, on: plant, 20)
    for cost in costs.suffix(5) { #expect(abs(cost / 8 - 1) < 0.05) }
    // And at the other end: no mass gives less than one expert.
    try controller.set(target: 0.01)
    for _ in 0..<updates { controller.update(cost: 1) }
    for _ in 0..<50 { controller.update(cost: 1) }
    let lowest = controller.mass
    try controller.set(target: 8)
    controller.update(cost: 1)
    #expect(controller.mass > lowest)
    let back = try run(&controller, on: plant, 20)
    for cost in back.suffix(5) { #expect(abs(cost / 8 - 1) < 0.05) }
  }

  @Test func holdsATimeToo() throws {
    let plant = Plant(experts: 32)
    // A millisecond for what does not depend on experts, and a quarter for each of them.
    var controller = try MassController(target: 2.5, mass: 0.99)
    var times: [Double] = []
    for _ in 0..<60 {
      times.append(1 + 0.25 * (try plant.cost(controller.mass)))
      controller.update(cost: times[times.count - 1])
    }
    for time in times.suffix(10) { #expect(abs(time / 2.5 - 1) < 0.03) }
  }

  @Test func theSameCostsGiveTheSameMasses() throws {
    var one = try MassController(target: 4, mass: 0.5)
    var other = one
    for cost in [1.0, 9, 4, 0, 32, 4.1] { #expect(one.update(cost: cost) == other.update(cost: cost)) }
    #expect(one == other)
  }

  @Test func costsThatAreNoNumbersChangeNothing() throws {
    var controller = try MassController(target: 4, mass: 0.5)
    let before = controller
    for cost in [-1, .nan, Double.infinity, -.infinity] { controller.update(cost: cost) }
    #expect(controller == before)
  }

  @Test(arguments: [0.0, 1e300])
  func extremeCostsKeepTheMassInItsRange(cost: Double) throws {
    var controller = try MassController(target: 4, mass: 1, masses: 0.2...0.8)
    for _ in 0..<1000 {
      controller.update(cost: cost)
      #expect(controller.masses.contains(controller.mass))
    }
  }

  @Test func badSettingsAreNamed() throws {
    for target in [0, -1, .nan, Double.infinity] {
      #expect(throws: GatingError.self) { try MassController(target: target, mass: 0.5) }
    }
    #expect(throws: GatingError.mass(0)) { try MassController(target: 4, mass: 0) }
    #expect(throws: GatingError.outOfRange(name: "the lowest mass", value: 0, allowed: 1e-6...1 - 1e-6)) {
      try MassController(target: 4, mass: 0.5, masses: 0...0.5)
    }
    #expect(throws: GatingError.outOfRange(name: "the highest mass", value: 1, allowed: 1e-6...1 - 1e-6)) {
      try MassController(target: 4, mass: 0.5, masses: 0.1...1)
    }
    #expect(throws: GatingError.self) {
      try MassController(target: 4, mass: 0.5, gains: .init(proportional: -1, integral: 0.3))
    }
    var controller = try MassController(target: 4, mass: 0.5)
    #expect(throws: GatingError.self) { try controller.set(target: 0) }
    #expect(controller.target == 4)
  }
}

import BallastControl
import BallastRuntime
import Testing

@Suite struct ByteBudgetTests {
  private func shape(layers: Int, experts: Int) throws -> ModelShape {
    try ModelShape(
      layers: layers, expertsPerLayer: experts, expertsPerToken: 1,
      bytesPerExpert: PerPrecision { [4000, 2000, 1000, 500][Int($0.rawValue)] }, fullPrecision: .bfloat16)
  }

  @Test func devicesShareTheBudgetAndKeepTheReserveFree() throws {
    let budget = try ByteBudget(
      shape: shape(layers: 4, experts: 8), topology: .uniform(devices: 4, memoryBytesPerDevice: 1 << 20),
      configuration: PlannerConfiguration(memoryBudgetShare: 1.25, stagingReserveExperts: 3))
    #expect(budget.bytesPerDevice == [20_000, 20_000, 20_000, 20_000])
    #expect(budget.reserveBytes == 6000)
    #expect(budget.residentBytes == [14_000, 14_000, 14_000, 14_000])
  }

  @Test func noDeviceIsGivenMoreThanItHasAndTheOthersShareTheRest() throws {
    let budget = try ByteBudget(
      shape: shape(layers: 4, experts: 8),
      topology: Topology(devices: [.init(memoryBytes: 15_000), .init(memoryBytes: 1 << 40)]),
      configuration: PlannerConfiguration(memoryBudgetShare: 1, stagingReserveExperts: 1, leastPrecision: .int4))
    #expect(budget.bytesPerDevice == [15_000, 49_000])
  }

  @Test func tooSmallNamesBothNumbers() throws {
    let shape = try shape(layers: 1, experts: 8)
    let topology = try Topology.uniform(devices: 2, memoryBytesPerDevice: 1 << 20)
    // 4 experts of 1000 bytes and a reserve of 2 · 2000.
    let error = ByteBudgetError.tooSmall(device: DeviceID(0), neededBytes: 8000, budgetBytes: 7600)
    #expect(throws: error) {
      try ByteBudget(
        shape: shape, topology: topology,
        configuration: PlannerConfiguration(memoryBudgetShare: 0.95, stagingReserveExperts: 2))
    }
    #expect(error.description.contains("8000") && error.description.contains("7600"))
    #expect(throws: Never.self) {
      try ByteBudget(
        shape: shape, topology: topology,
        configuration: PlannerConfiguration(memoryBudgetShare: 1, stagingReserveExperts: 2))
    }
  }

  @Test(arguments: [-1.0, -1e300, 0])
  func aShareThatBuysNothingIsTooSmall(share: Double) throws {
    let shape = try shape(layers: 1, experts: 8)
    let topology = try Topology.uniform(devices: 2, memoryBytesPerDevice: 1 << 20)
    #expect(throws: ByteBudgetError.self) {
      try ByteBudget(
        shape: shape, topology: topology, configuration: PlannerConfiguration(memoryBudgetShare: share))
    }
  }

  @Test func aReserveBeyondCountingIsTooLarge() throws {
    let shape = try shape(layers: 1, experts: 8)
    let topology = try Topology.uniform(devices: 2, memoryBytesPerDevice: 1 << 20)
    #expect(throws: ByteBudgetError.self) {
      try ByteBudget(
        shape: shape, topology: topology, configuration: PlannerConfiguration(stagingReserveExperts: .max))
    }
  }

  /// Whenever a budget can be made, the start placement leaves its reserve free.
  @Test(arguments: 0..<300)
  func theStartPlacementFitsAndDemotesNoMoreThanItMust(seed: Int) throws {
    var random = SeededRandom(seed: UInt64(seed))
    let shape = try shape(
      layers: Int.random(in: 1...6, using: &random), experts: Int.random(in: 2...20, using: &random))
    let devices = Int.random(in: 1...6, using: &random)
    let topology = try Topology.uniform(devices: devices, memoryBytesPerDevice: 1 << 30)
    let configuration = PlannerConfiguration(
      memoryBudgetShare: Double.random(in: 0.6...2.5, using: &random),
      stagingReserveExperts: Int.random(in: 1...3, using: &random))
    guard let budget = try? ByteBudget(shape: shape, topology: topology, configuration: configuration) else { return }
    let start = budget.startPlacement(shape: shape, topology: topology, leastPrecision: .int8)
    try start.check(shape: shape, topology: topology)
    #expect(start.copiesMoved(to: .contiguous(shape: shape, topology: topology)) == 0, "seed \(seed)")
    let bytes = start.bytesPerDevice(shape: shape, devices: devices)
    for device in 0..<devices {
      #expect(bytes[device] <= budget.residentBytes[device], "seed \(seed)")
      let demoted = start.layers.flatMap(\.replicas).filter { $0.device.index == device && $0.precision == .int8 }
      #expect(demoted.isEmpty || bytes[device] + 1000 > budget.residentBytes[device], "seed \(seed)")
    }
  }

  @Test func whereExpertsMayBeEvictedTheReserveAloneMustFit() throws {
    let shape = try shape(layers: 2, experts: 8)
    let topology = try Topology.uniform(devices: 2, memoryBytesPerDevice: 1 << 30)
    var configuration = PlannerConfiguration(memoryBudgetShare: 0.25, stagingReserveExperts: 1)
    #expect(throws: ByteBudgetError.self) {
      try ByteBudget(shape: shape, topology: topology, configuration: configuration)
    }
    configuration.residency = .stored
    let budget = try ByteBudget(shape: shape, topology: topology, configuration: configuration)
    let start = budget.startPlacement(shape: shape, topology: topology, leastPrecision: .int8, mayEvict: true)
    try start.check(shape: shape, topology: topology)
    let bytes = start.bytesPerDevice(shape: shape, devices: 2)
    for device in 0..<2 { #expect(bytes[device] <= budget.residentBytes[device] && bytes[device] > 0) }
    // One of eight beside the reserve of each device.
    #expect(start.storedCount == 14)
    #expect(start.layers.allSatisfy { $0.replicas.allSatisfy { $0.precision == .bfloat16 } })
    configuration.stagingReserveExperts = 3
    #expect(throws: ByteBudgetError.tooSmall(device: DeviceID(0), neededBytes: 6000, budgetBytes: 4000)) {
      try ByteBudget(shape: shape, topology: topology, configuration: configuration)
    }
  }

  @Test func demotionsAreSpreadOverTheLayers() throws {
    let shape = try shape(layers: 4, experts: 8)
    let topology = try Topology.uniform(devices: 2, memoryBytesPerDevice: 1 << 30)
    let budget = try ByteBudget(shape: shape, topology: topology, configuration: PlannerConfiguration())
    let start = budget.startPlacement(shape: shape, topology: topology, leastPrecision: .int8)
    let low = start.layers.map { layer in layer.replicas.filter { $0.precision == .int8 }.map(\.expert.index) }
    #expect(low == [[3, 7], [3, 7], [3, 7], [3, 7]])
  }
}

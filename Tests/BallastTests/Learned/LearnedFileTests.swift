import Ballast
import BallastControl
import BallastRuntime
import BallastSimulator
import Foundation
import Testing

@Suite struct LearnedFileTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

  private func state(device: Int) async throws -> LearnedState {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: 2, expertsPerToken: 1,
      bytesPerExpert: PerPrecision { [4, 2, 1, 1][Int($0.rawValue)] }, fullPrecision: .bfloat16)
    let cluster = SimulatedCluster(
      shape: shape, topology: try .uniform(devices: 2, memoryBytesPerDevice: 64), cost: .tokens, seed: 1)
    let replicas = (0..<2).map { Replica(expert: ExpertID($0), device: DeviceID(device), precision: .bfloat16) }
    let balancer = try await Balancer(
      executor: cluster, configuration: BalancerConfiguration(planner: PlannerConfiguration(memoryBudgetShare: 4)),
      placement: Placement(layers: [LayerPlacement(replicas)]))
    return try balancer.learned()
  }

  @Test func aSaveTakesThePlaceOfTheLast() async throws {
    let file = LearnedFile(path: folder.appending(path: "state").path)
    for device in 0..<2 {
      let state = try await state(device: device)
      try file.save(state)
      #expect(try file.load().placement == state.placement)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["state"])
  }

  @Test func aStopAtAnyByteOfASaveLeavesTheOneBefore() async throws {
    let file = LearnedFile(path: folder.appending(path: "state").path)
    let (old, new) = (try await state(device: 0), try await state(device: 1))
    try file.save(old)
    for length in 0...new.bytes.count {
      // What a save has written when it is stopped here; the rename has not come.
      try Data(new.bytes.prefix(length)).write(to: folder.appending(path: "state.new"))
      #expect(try file.load().placement == old.placement)
    }
    try file.save(new)
    #expect(try file.load().placement == new.placement)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["state"])
  }

  @Test func everyTruncationAndEveryChangedByteIsRefused() async throws {
    let file = LearnedFile(path: folder.appending(path: "state").path)
    let whole = try await state(device: 0).bytes
    for length in whole.indices {
      try Data(whole.prefix(length)).write(to: folder.appending(path: "state"))
      #expect(throws: LearnedFileError.self) { try file.load() }
    }
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 4
      try Data(bytes).write(to: folder.appending(path: "state"))
      #expect(throws: LearnedFileError.self) { try file.load() }
    }
  }

  @Test func whatTheSystemRefusesIsNamed() async throws {
    let state = try await state(device: 0)
    let missing = folder.appending(path: "missing/state").path
    #expect {
      try LearnedFile(path: missing).save(state)
    } throws: { "\($0)".contains(missing) && "\($0)".contains("No such file") }
    #expect {
      try LearnedFile(path: missing).load()
    } throws: { "\($0)".contains(missing) }
    try FileManager.default.createDirectory(at: folder.appending(path: "state"), withIntermediateDirectories: false)
    let file = LearnedFile(path: folder.appending(path: "state").path)
    #expect(throws: LearnedFileError.self) { try file.save(state) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["state"])
  }
}

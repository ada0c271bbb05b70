import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct PackFromScratchTests {
  /// Any number of replicas that can be spread at all fills every place, with no expert twice on a device.
  @Test(arguments: 0..<200)
  func everyPlaceIsFilledAndNoDeviceHoldsAnExpertTwice(seed: Int) throws {
    var random = SeededRandom(seed: UInt64(seed))
    let experts = Int.random(in: 1...24, using: &random)
    let devices = Int.random(in: 1...8, using: &random)
    let least = (experts + devices - 1) / devices
    let places = Int.random(in: least...experts, using: &random)
    var small = try SmallLayer(
      tokens: (0..<experts).map { _ in
        Double(Int.random(in: 0...100, using: &random)) * .random(in: 0...9, using: &random)
      },
      on: (0..<experts).map { $0 * devices / experts })
    small.topology = try Topology(
      devices: (0..<devices).map { _ in .init(memoryBytes: 1 << 30, relativeSpeed: .random(in: 0.5...2, using: &random))
      })
    small.limits = .unlimited(devices: devices, replicasPerDevice: places)
    let draft = small.improved(by: PackFromScratch(always: true))
    try draft.placement.check(shape: small.shape, topology: small.topology)
    for device in 0..<devices {
      #expect(
        draft.placement.layers[0].replicas.filter { $0.device.index == device }.count == places,
        "seed \(seed): \(experts) experts, \(devices) devices, \(places) places")
    }
  }

  @Test func theBusiestExpertGetsTheCopies() throws {
    var small = try SmallLayer(tokens: [90, 20, 10, 10], on: [0, 0, 1, 1])
    small.limits = .unlimited(devices: 2, replicasPerDevice: 3)
    let draft = small.improved(by: PackFromScratch())
    let copies = (0..<4).map { draft.placement.layers[0].replicas(of: ExpertID($0)).count }
    #expect(copies == [2, 2, 1, 1])
  }

  @Test func aLayerThatHoldsWhatIsAskedForStaysUnlessAlways() throws {
    var small = try SmallLayer(tokens: [90, 80, 10, 10], on: [0, 0, 1, 1])
    small.limits = .unlimited(devices: 2, replicasPerDevice: 2)
    #expect(small.improved(by: PackFromScratch()).placement == small.placement)
    let packed = small.improved(by: PackFromScratch(always: true))
    #expect(packed.forecast(LayerID(0)).longest == 100)
  }

  @Test func withoutANumberOfReplicasItDoesNothing() throws {
    let small = try SmallLayer(tokens: [90, 80, 10, 10], on: [0, 0, 1, 1])
    #expect(small.improved(by: PackFromScratch(always: true)).placement == small.placement)
  }

  @Test(arguments: [0, 1])
  func fewerPlacesThanExpertsLoseNoExpert(places: Int) throws {
    var small = try SmallLayer(tokens: [90, 80, 10, 10], on: [0, 0, 1, 1])
    small.limits = .unlimited(devices: 2, replicasPerDevice: places)
    #expect(small.improved(by: PackFromScratch()).placement == small.placement)
  }
}

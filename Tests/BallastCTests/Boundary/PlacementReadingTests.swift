import BallastRuntime
import CBallast
import Testing

@testable import BallastC

@Suite struct PlacementReadingTests {
  private static let whole = (0..<4).map { expert in
    ballast_replica(layer: 0, expert: expert, device: expert % 2, precision: 1, replica: 0, reserved: 0)
  }

  private func read(_ replicas: [ballast_replica]?, count: UInt64) throws -> Placement? {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: 4, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .bfloat16)
    let topology = try Topology.uniform(devices: 2, memoryBytesPerDevice: 100)
    guard let replicas else { return try Placement(optional: nil, count: count, shape: shape, topology: topology) }
    return try Placement(optional: replicas, count: count, shape: shape, topology: topology)
  }

  private func status(_ replicas: [ballast_replica]?, count: UInt64) -> Int? {
    do { _ = try read(replicas, count: count) } catch { return (error as? Refusal)?.status }
    return nil
  }

  @Test func replicasComeInAnyOrder() throws {
    let placement = try read(Self.whole.reversed(), count: 4)
    #expect(placement?.listed().map(\.expert) == [0, 1, 2, 3])
    #expect(try read(nil, count: 0) == nil)
  }

  @Test func whatCannotBeIsRefused() {
    #expect(status(nil, count: 1) == BALLAST_BAD_POINTER)
    #expect(status(Self.whole, count: .max) == BALLAST_BAD_VALUE)
    #expect(status(Self.whole, count: 3) == BALLAST_PLACEMENT_REFUSED)
    for (change, refusal) in [
      ({ $0.layer = 1 }, BALLAST_BAD_VALUE), ({ $0.precision = 4 }, BALLAST_BAD_VALUE),
      ({ $0.expert = .max }, BALLAST_PLACEMENT_REFUSED), ({ $0.device = 2 }, BALLAST_PLACEMENT_REFUSED),
      (
        {
          $0.expert = 0; $0.device = 0
        }, BALLAST_PLACEMENT_REFUSED
      ),
    ] as [((inout ballast_replica) -> Void, Int)] {
      var replicas = Self.whole
      change(&replicas[3])
      #expect(status(replicas, count: 4) == refusal)
    }
  }
}

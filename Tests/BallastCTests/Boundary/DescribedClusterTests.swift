import CBallast
import Testing

@testable import BallastC

@Suite struct DescribedClusterTests {
  private func describe(
    devices: Int = 2, _ change: (inout ballast_cluster) -> Void = { _ in }
  ) throws -> DescribedCluster {
    var model = Embedder.model
    return try Embedder.withCluster(devices: devices) { cluster in
      var cluster = cluster
      change(&cluster)
      return try DescribedCluster(&model, &cluster)
    }
  }

  private func refused(_ body: () throws -> Void) -> Refusal? {
    do { try body() } catch { return error as? Refusal }
    return nil
  }

  @Test func whatIsDescribedIsWhatIsMade() throws {
    let described = try describe(devices: 3)
    #expect(described.shape.layers == Embedder.layers && described.shape.expertsPerLayer == Embedder.experts)
    #expect(described.shape.bytesPerExpert[.int8] == 500)
    #expect(described.topology.devices.map(\.memoryBytes) == [100_000, 100_000, 100_000])
    #expect(described.cost == .tokens)
  }

  @Test func devicesAreChecked() {
    #expect(refused { _ = try describe { $0.device_count = 0 } }?.status == BALLAST_BAD_VALUE)
    #expect(refused { _ = try describe { $0.device_count = 65_536 } }?.status == BALLAST_BAD_VALUE)
    #expect(refused { _ = try describe { $0.devices = nil } }?.status == BALLAST_BAD_POINTER)
    #expect(
      refused { _ = try describe { $0.devices = UnsafePointer(bitPattern: 0x1004) } }?.status == BALLAST_BAD_POINTER)
    for (memory, speed, node) in [(UInt64(1), Double.nan, UInt32(0)), (1, 0, 0), (1, 1, 65_536)] {
      let device = ballast_device(memory_bytes: memory, relative_speed: speed, node: node, reserved: 0)
      let refusal = [device].withUnsafeBufferPointer { list in
        refused {
          _ = try describe { cluster in (cluster.device_count, cluster.devices) = (1, list.baseAddress) }
        }
      }
      #expect(refusal?.status == BALLAST_BAD_VALUE)
    }
  }

  @Test(arguments: [-1, Double.nan, .infinity]) func costsAreFiniteAndAtLeastZero(_ value: Double) {
    var cost = ballast_cost()
    cost.size = UInt32(MemoryLayout<ballast_cost>.stride)
    (cost.link_bytes_per_second, cost.node_link_bytes_per_second) = (1, .infinity)
    #expect(refused { _ = try cost.model() } == nil)
    cost.per_token_nanoseconds.2 = value
    #expect(refused { _ = try cost.model() }?.status == BALLAST_BAD_VALUE)
  }

  @Test(arguments: [0, -1, Double.nan]) func linksAreAboveZero(_ value: Double) {
    var cost = ballast_cost()
    (cost.link_bytes_per_second, cost.node_link_bytes_per_second) = (1, value)
    #expect(refused { _ = try cost.model() }?.status == BALLAST_BAD_VALUE)
  }
}

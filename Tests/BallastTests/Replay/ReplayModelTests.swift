import BallastRuntime
import Testing

@testable import Ballast

@Suite struct ReplayModelTests {
  private static func model(
    devices: Int = 2, nodes: Int = 1, copies: Int? = 4, bytes: Int = 1000, link: Double = 1e9
  ) throws -> ReplayModel {
    try ReplayModel(
      layers: 1, experts: 4, devices: devices, nodes: nodes, copies: copies, expertBytes: bytes,
      linkBytesPerSecond: link)
  }

  @Test func everyPrecisionHasItsBytes() throws {
    let shape = try Self.model().shape
    #expect([Precision.float32, .bfloat16, .int8, .int4].map { shape.bytesPerExpert[$0] } == [2000, 1000, 500, 250])
    #expect(shape.fullPrecision == .bfloat16)
    #expect(try Self.model(bytes: 1).shape.bytesPerExpert[.int4] == 1)
  }

  @Test func impossibleClustersAreRefused() {
    for (make, fragment) in [
      ({ try Self.model(devices: 0, copies: nil) }, "0 devices"),
      ({ try Self.model(devices: 65_536, copies: nil) }, "65536"),
      ({ try Self.model(nodes: 3) }, "3 nodes"), ({ try Self.model(copies: 5) }, "5 copies"),
      ({ try Self.model(copies: 2) }, "at least 4"), ({ try Self.model(copies: 0) }, "at least 4"),
      ({ try Self.model(copies: -2) }, "at least 4"), ({ try Self.model(copies: 10) }, "at most 8"),
      ({ try Self.model(bytes: 0) }, "0 bytes"), ({ try Self.model(bytes: .max) }, "\(1 << 46)"),
      ({ try Self.model(link: 0) }, "above 0"), ({ try Self.model(link: .nan) }, "nan"),
    ] as [(() throws -> ReplayModel, String)] {
      #expect { try make() } throws: { "\($0)".contains(fragment) }
    }
  }
}

import BallastRuntime
import Testing

@testable import BallastOperations

@Suite struct ServingBenchTests {
  @Test func rowsAreNamedAndAboveNothing() throws {
    let bench = try ServingBench(seconds: 0.001, seed: 1)
    let rows = try bench.record() + bench.dispatch() + bench.publish() + bench.gates()
    for name in [
      "record", "dispatchPrefill", "dispatchDecode", "dispatchBorrow", "publish", "topP32At80", "dispatchRagged",
    ] {
      #expect(rows.contains { $0.name == name }, "\(name)")
    }
    #expect(Set(rows.map(\.name)).count == rows.count)
    for row in rows {
      let figure = row.figure
      #expect(figure.floor > 0 && figure.floor.isFinite && figure.median > 0, "\(row.name)")
      #expect(figure.ratio == figure.median / figure.floor && figure.median <= figure.p99, "\(row.name)")
    }
  }

  @Test func theBatchIsWhatItSays() throws {
    let batch = try ServingBench(seconds: 0.001, seed: 3).prefillBatch()
    #expect(batch.experts == 256 && batch.expertsPerToken == 8)
    #expect(batch.ids.count == 4096 * 8 && batch.gates.count == batch.ids.count)
    #expect(batch.ids.allSatisfy { (0..<256).contains($0) })
    #expect(batch.replicaExperts.count == 288 && batch.replicaExperts == batch.replicaExperts.sorted())
    #expect(Set(batch.replicaDevices) == Set(0..<32))
    #expect(try batch == ServingBench(seconds: 0.001, seed: 3).prefillBatch())
  }

  @Test func theSkewedBatchBorrows() throws {
    let cluster = try BenchCluster()
    let path = try cluster.path(
      cluster.originals,
      policy: .borrowing(BorrowLimits(imbalanceThreshold: 1.3, capacityFactor: 1, minimumChunkTokens: 64)),
      cost: .tokens)
    var lane = try path.makeLane()
    let batch = try cluster.batch(tokens: 4096, exponent: 1, seed: 1)
    let isBorrowing = try lane.dispatch(batch, layer: LayerID(0)) { dispatch in
      dispatch.runs.contains { $0.home != $0.device }
    }
    #expect(isBorrowing)
  }
}

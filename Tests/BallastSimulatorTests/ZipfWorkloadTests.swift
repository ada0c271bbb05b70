import BallastRuntime
import BallastSimulator
import Testing

@Suite struct ZipfWorkloadTests {
  private func makeShape(experts: Int = 64, expertsPerToken: Int = 4) throws -> ModelShape {
    try ModelShape(
      layers: 3, expertsPerLayer: experts, expertsPerToken: expertsPerToken, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .bfloat16)
  }

  @Test(arguments: [0.0, 0.8, 1.2, 3.0]) func loadsSumToTheTokens(exponent: Double) throws {
    let workload = try ZipfWorkload(shape: makeShape(), exponent: exponent, seed: 5)
    for batch in 0..<20 {
      for layer in try workload.loads(tokens: 500, batch: batch) {
        #expect(layer.reduce(0, +) == 2_000)
        #expect(layer.allSatisfy { (0...500).contains($0) })
      }
    }
  }

  @Test func sharesFollowZipf() throws {
    let workload = try ZipfWorkload(shape: makeShape(expertsPerToken: 1), exponent: 1, seed: 5)
    let loads = try workload.loads(tokens: 1_000_000)[0].sorted(by: >)
    let harmonic = (1...64).reduce(0) { $0 + 1 / Double($1) }
    #expect(abs(Double(loads[0]) / (1_000_000 / harmonic) - 1) < 0.02)
    #expect(abs(Double(loads[9]) / (100_000 / harmonic) - 1) < 0.05)
  }

  @Test func layersAndShiftsHaveTheirOwnBusyExperts() throws {
    let workload = try ZipfWorkload(shape: makeShape(), exponent: 1.2, seed: 5, shiftBatch: 10)
    func busiest(batch: Int) throws -> [Int?] {
      try workload.loads(tokens: 1_000, batch: batch).map { loads in loads.firstIndex(of: loads.max() ?? 0) }
    }
    #expect(Set(try busiest(batch: 0)).count > 1)
    #expect(try busiest(batch: 0) == busiest(batch: 9))
    #expect(try busiest(batch: 9) != busiest(batch: 10))
    #expect(try busiest(batch: 10) == busiest(batch: 99))
  }

  @Test func selectionsAreDistinctAndFollowTheLoads() throws {
    let workload = try ZipfWorkload(shape: makeShape(), exponent: 1.2, seed: 5)
    let selection = try workload.selection(layer: LayerID(1), tokens: 800)
    var counts = Array(repeating: 0, count: 64)
    for token in 0..<selection.tokenCount {
      let chosen = selection.assignments(of: token).map { selection.experts[$0] }
      #expect(Set(chosen).count == 4)
      for expert in chosen { counts[Int(expert)] += 1 }
      let gates = selection.assignments(of: token).reduce(0) { $0 + selection.gates[$1] }
      #expect(abs(gates - 1) < 1e-5)
    }
    let loads = try workload.loads(tokens: 800)[1]
    #expect(counts.firstIndex(of: counts.max() ?? 0) == loads.firstIndex(of: loads.max() ?? 0))
  }

  @Test func theSeedDecides() throws {
    let shape = try makeShape()
    let first = try ZipfWorkload(shape: shape, exponent: 1, seed: 1)
    let twin = try ZipfWorkload(shape: shape, exponent: 1, seed: 1)
    let other = try ZipfWorkload(shape: shape, exponent: 1, seed: 2)
    #expect(try first.loads(tokens: 99) == twin.loads(tokens: 99))
    #expect(try first.loads(tokens: 99) != other.loads(tokens: 99))
    let choices = try first.selection(layer: LayerID(0), tokens: 9).experts
    #expect(try choices == twin.selection(layer: LayerID(0), tokens: 9).experts)
  }

  @Test func badInputIsNamed() throws {
    let shape = try makeShape()
    #expect(throws: ZipfWorkloadError.self) { try ZipfWorkload(shape: shape, exponent: .nan, seed: 1) }
    let workload = try ZipfWorkload(shape: shape, exponent: 1, seed: 1)
    #expect(throws: ZipfWorkloadError.tokensOutOfRange(-1)) { try workload.loads(tokens: -1) }
    #expect(throws: ZipfWorkloadError.tokensOutOfRange(.max)) {
      try workload.selection(layer: LayerID(0), tokens: .max)
    }
    #expect(try workload.loads(tokens: 0)[0].allSatisfy { $0 == 0 })
  }
}

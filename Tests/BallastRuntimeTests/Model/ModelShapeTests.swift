import BallastRuntime
import Testing

@Suite struct ModelShapeTests {
  private func make(
    layers: Int = 2, experts: Int = 8, expertsPerToken: Int = 2, bytes: PerPrecision<Int> = PerPrecision(repeating: 10),
    rounds: Int = 1
  ) throws(ModelShapeError) -> ModelShape {
    try ModelShape(
      layers: layers, expertsPerLayer: experts, expertsPerToken: expertsPerToken, bytesPerExpert: bytes,
      fullPrecision: .bfloat16, roundsPerLayer: rounds)
  }

  @Test(arguments: [0, -1, 65, .max, .min]) func roundsHaveLimits(rounds: Int) {
    #expect(throws: ModelShapeError.outOfRange(name: "roundsPerLayer", value: rounds, allowed: 1...64)) {
      try make(rounds: rounds)
    }
  }

  @Test func roundsShareTheExperts() throws {
    #expect(try make(rounds: 3).experts == make().experts)
    #expect(try make(rounds: 64).roundsPerLayer == 64)
  }

  @Test func countsExpertsAndBytes() throws {
    let shape = try make(bytes: PerPrecision { $0 == .bfloat16 ? 20 : 10 })
    #expect(shape.experts == 16)
    #expect(shape.fullBytes == 320)
  }

  @Test(arguments: [0, -1, 65_536, .max, .min]) func layersHaveLimits(layers: Int) {
    #expect(throws: ModelShapeError.outOfRange(name: "layers", value: layers, allowed: 1...65_535)) {
      try make(layers: layers)
    }
  }

  @Test(arguments: [0, -1, 65_536, .max, .min]) func expertsHaveLimits(experts: Int) {
    #expect(throws: ModelShapeError.outOfRange(name: "expertsPerLayer", value: experts, allowed: 1...65_535)) {
      try make(experts: experts)
    }
  }

  @Test(arguments: [0, -1, 9, .max]) func choicesHaveLimits(expertsPerToken: Int) {
    #expect(throws: ModelShapeError.outOfRange(name: "expertsPerToken", value: expertsPerToken, allowed: 1...8)) {
      try make(expertsPerToken: expertsPerToken)
    }
  }

  @Test(arguments: Precision.allCases) func bytesHaveLimits(precision: Precision) {
    for bytes in [0, -1, 1 << 49, .max] {
      #expect(throws: ModelShapeError.outOfRange(name: "bytesPerExpert", value: bytes, allowed: 1...(1 << 48))) {
        try make(bytes: PerPrecision { $0 == precision ? bytes : 1 })
      }
    }
  }

  @Test func theLargestModelDoesNotOverflow() throws {
    let shape = try make(layers: 255, experts: 255, bytes: PerPrecision(repeating: 1 << 40))
    #expect(shape.fullBytes == 255 * 255 * (1 << 40))
    #expect(throws: ModelShapeError.self) {
      try make(layers: 65_535, experts: 65_535, bytes: PerPrecision(repeating: 1 << 48))
    }
  }

  @Test func theMessageNamesTheValueAndTheLimits() {
    let error = ModelShapeError.outOfRange(name: "layers", value: 0, allowed: 1...5)
    #expect(error.description == "layers is 0; allowed is 1 to 5")
  }
}

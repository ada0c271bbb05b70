import BallastRuntime
import Testing

@testable import BallastCPU

@Suite struct CalibrationReservoirTests {
  private func reservoir(
    _ balance: CalibrationReservoir.Balance = .balanced, limitBytes: Int = 16 * 40 * 2, seed: UInt64 = 1
  ) throws -> CalibrationReservoir {
    let dimensions = try ExpertDimensions(hidden: 4, inner: 4)
    let shape = try dimensions.modelShape(layers: 1, expertsPerLayer: 2, expertsPerToken: 1, fullPrecision: .bfloat16)
    return CalibrationReservoir(
      shape: shape, dimensions: dimensions, balance: balance, limitBytes: limitBytes, seed: seed)
  }

  /// Expert 0 meets ten tokens for each of expert 1.
  private func fill(_ reservoir: CalibrationReservoir, tokens: Int) {
    for token in 0..<tokens {
      let input = Array(repeating: Float(token), count: 4)
      reservoir.offer(input.span, gate: 0.5, layer: LayerID(0), expert: ExpertID(token % 11 == 0 ? 1 : 0))
    }
  }

  private func count(_ reservoir: CalibrationReservoir, _ expert: Int) -> Int {
    reservoir.tokens(layer: LayerID(0), expert: ExpertID(expert)).count
  }

  @Test func keepsNoMoreThanItMay() throws {
    let reservoir = try reservoir()
    #expect(reservoir.tokensPerExpert == 30 && reservoir.heldOutPerExpert == 10)
    fill(reservoir, tokens: 2000)
    for expert in 0..<2 {
      #expect(count(reservoir, expert) == 30)
      #expect(reservoir.heldOut(layer: LayerID(0), expert: ExpertID(expert)).count == 10)
    }
    #expect(try self.reservoir(limitBytes: 0).tokensPerExpert == 0)
    #expect(try self.reservoir(limitBytes: .max).tokensPerExpert == CalibrationReservoir.mostTokens)
  }

  @Test func balancedKeepsAsManyOfARareExpert() throws {
    let (balanced, natural) = (try reservoir(.balanced), try reservoir(.natural))
    fill(balanced, tokens: 2000)
    fill(natural, tokens: 2000)
    #expect(count(balanced, 0) == count(balanced, 1))
    #expect(count(natural, 0) + count(natural, 1) == 60)
    #expect(count(natural, 1) < 20)
  }

  @Test func theSeedDecidesWhatStays() throws {
    func kept(_ seed: UInt64) throws -> CalibrationTokens {
      let reservoir = try reservoir(seed: seed)
      fill(reservoir, tokens: 2000)
      return reservoir.tokens(layer: LayerID(0), expert: ExpertID(0))
    }
    #expect(try kept(1) == kept(1))
    #expect(try kept(1) != kept(2))
  }

  @Test func fittedAndHeldOutTokensDiffer() throws {
    let reservoir = try reservoir()
    fill(reservoir, tokens: 200)
    let fitted = Set(reservoir.tokens(layer: LayerID(0), expert: ExpertID(0)).inputs)
    let heldOut = reservoir.heldOut(layer: LayerID(0), expert: ExpertID(0)).inputs
    #expect(!heldOut.isEmpty && heldOut.allSatisfy { !fitted.contains($0) })
  }

  @Test func ignoresWhatIsNoToken() throws {
    let reservoir = try reservoir()
    let good: [Float] = [1, 2, 3, 4]
    reservoir.offer([1, 2].span, gate: 1, layer: LayerID(0), expert: ExpertID(0))
    reservoir.offer([1, 2, 3, .nan].span, gate: 1, layer: LayerID(0), expert: ExpertID(0))
    reservoir.offer(good.span, gate: .infinity, layer: LayerID(0), expert: ExpertID(0))
    reservoir.offer(good.span, gate: 1, layer: LayerID(1), expert: ExpertID(0))
    reservoir.offer(good.span, gate: 1, layer: LayerID(0), expert: ExpertID(2))
    #expect(count(reservoir, 0) == 0)
    #expect(reservoir.tokens(layer: LayerID(7), expert: ExpertID(0)).count == 0)
    #expect(reservoir.heldOut(layer: LayerID(0), expert: ExpertID(9)).count == 0)
    reservoir.offer(good.span, gate: 0.25, layer: LayerID(0), expert: ExpertID(0))
    #expect(reservoir.tokens(layer: LayerID(0), expert: ExpertID(0)).inputs == good)
    #expect(reservoir.tokens(layer: LayerID(0), expert: ExpertID(0)).gates == [0.25])
  }
}

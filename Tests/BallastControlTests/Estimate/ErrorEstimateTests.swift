import BallastControl
import BallastRuntime
import Testing

@Suite struct ErrorEstimateTests {
  private func error(_ estimate: ErrorEstimate, _ precision: Precision, layer: Int = 0, full: Precision = .bfloat16)
    -> Double
  {
    estimate.error(layer: LayerID(layer), expert: ExpertID(3), precision: precision, full: full)
  }

  @Test func untilMeasuredALowerPrecisionErrsMore() {
    let estimate = ErrorEstimate()
    #expect(error(estimate, .int8) > 0)
    #expect(error(estimate, .int4) > error(estimate, .int8))
    #expect(error(estimate, .bfloat16, full: .float32) > 0)
  }

  @Test func atFullPrecisionAndAboveThereIsNoError() {
    var estimate = ErrorEstimate()
    estimate.note(0.5, layer: LayerID(0), expert: ExpertID(3), precision: .bfloat16)
    #expect(error(estimate, .bfloat16) == 0)
    #expect(error(estimate, .float32) == 0)
    #expect(error(estimate, .bfloat16, full: .float32) == 0.5)
  }

  @Test func aMeasurementStandsForItsExpertLayerAndPrecisionOnly() {
    var estimate = ErrorEstimate()
    estimate.note(0.2, layer: LayerID(0), expert: ExpertID(3), precision: .int8)
    #expect(error(estimate, .int8) == 0.2)
    #expect(error(estimate, .int8, layer: 1) != 0.2)
    #expect(error(estimate, .int4) != 0.2)
    estimate.note(0.3, layer: LayerID(0), expert: ExpertID(3), precision: .int8)
    #expect(error(estimate, .int8) == 0.3)
  }

  @Test(arguments: [Double.nan, .infinity, -0.1])
  func whatCannotBeAnErrorIsIgnored(value: Double) {
    var estimate = ErrorEstimate()
    estimate.note(value, layer: LayerID(0), expert: ExpertID(3), precision: .int8)
    #expect(error(estimate, .int8) == error(ErrorEstimate(), .int8))
  }
}

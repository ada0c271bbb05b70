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

  @Test func whatWasServedCountsBeforeWhatWasStaged() {
    var estimate = ErrorEstimate()
    let place = (layer: LayerID(0), expert: ExpertID(3), precision: Precision.int4)
    estimate.note(0.1, layer: place.layer, expert: place.expert, precision: place.precision)
    #expect(estimate.servedError(layer: place.layer, expert: place.expert, precision: place.precision) == nil)
    estimate.noteServed(errorSum: 0.6, tokens: 2, layer: place.layer, expert: place.expert, precision: place.precision)
    #expect(abs(error(estimate, .int4) - 0.3) < 1e-12)
    #expect(estimate.stagedError(layer: place.layer, expert: place.expert, precision: place.precision) == 0.1)
    // Noting the same staging again changes nothing, another one makes what was served stale.
    estimate.note(0.1, layer: place.layer, expert: place.expert, precision: place.precision)
    #expect(abs(error(estimate, .int4) - 0.3) < 1e-12)
    estimate.note(0.05, layer: place.layer, expert: place.expert, precision: place.precision)
    #expect(error(estimate, .int4) == 0.05)
  }

  @Test func oldTokensFade() {
    var estimate = ErrorEstimate()
    let place = (layer: LayerID(0), expert: ExpertID(3), precision: Precision.int8)
    for _ in 0..<100 {
      estimate.noteServed(errorSum: 0.64, tokens: 64, layer: place.layer, expert: place.expert, precision: .int8)
    }
    for _ in 0..<4 {
      estimate.noteServed(errorSum: 6.4, tokens: 64, layer: place.layer, expert: place.expert, precision: .int8)
    }
    #expect(error(estimate, .int8) > 0.09)
    estimate.noteServed(errorSum: .nan, tokens: 1, layer: place.layer, expert: place.expert, precision: .int8)
    #expect(error(estimate, .int8).isFinite)
  }
}

import Testing

@testable import BallastOperations

@Suite struct MachineFloorsTests {
  @Test func areAboveNothing() {
    let floors = MachineFloors(RepeatedMeasurement(seconds: 0.001), counters: 0, batchBytes: 0)
    for value in [floors.incrementNanoseconds, floors.byteNanoseconds, floors.exchangeNanoseconds] {
      #expect(value > 0 && value.isFinite)
    }
  }
}

import Foundation
import Testing

@testable import BallastServing

@Suite struct ExponentialTests {
  @Test func isWithinTwoUnitsInTheLastPlace() {
    for step in 0..<1000 {
      let arguments = SIMD16<Float>((0..<16).map { -Float(step * 16 + $0) / 184 })
      let powers = Exponential.of(arguments)
      for lane in 0..<16 {
        let exact = exp(Double(arguments[lane]))
        #expect(abs(Double(powers[lane]) - exact) <= 2.4e-7 * exact)
      }
    }
  }

  @Test func farBelowZeroItVanishes() {
    let powers = Exponential.of(SIMD16(repeating: -.infinity))
    #expect(powers[0] >= 0 && powers[0] < 1e-37)
    #expect(Exponential.of(.zero)[7] == 1)
  }
}

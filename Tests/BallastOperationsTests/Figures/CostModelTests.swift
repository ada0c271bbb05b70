import BallastRuntime
import Testing

@testable import BallastOperations

@Suite struct CostModelTests {
  @Test func anAcceleratorByItsOwnNumbers() {
    let size = ExpertSize(hidden: 1000, inner: 1600)
    #expect(size.weights == 4_800_000)
    #expect(size.bytes[.int4] == 2_400_000 && size.bytes[.float32] == 19_200_000)
    let law = CostModel.h200(size)
    // 9.6 MB at 4.8 TB/s are 2 µs, and 2 µs of launch.
    #expect(abs(law.activationNanoseconds[.bfloat16] - 4000) < 1e-6)
    #expect(abs(law.perTokenNanoseconds[.bfloat16] - 9.6e6 / (0.6 * 989e12) * 1e9) < 1e-9)
    #expect(law.perTokenNanoseconds[.int8] * 2 == law.perTokenNanoseconds[.bfloat16])
  }
}

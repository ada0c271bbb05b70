import BallastRuntime
import Testing

@testable import BallastServing

@Suite struct TokenBatchTests {
  @Test func theLastRowsOfEachPartAreScored() {
    var batch = TokenBatch()
    batch.append(([5, 6, 7] as [UInt8]).span, slot: 0, traits: TokenTraits(phase: .prefill), scored: 2)
    batch.append(([8] as [UInt8]).span, slot: 3, traits: TokenTraits(phase: .decode), scored: 9)
    #expect(batch.tokens == [5, 6, 7, 8])
    #expect(batch.scoredRows == [1, 2, 3])
    #expect(batch.parts.map(\.rows) == [0..<3, 3..<4])
    batch.removeAll()
    #expect(batch.tokenCount == 0 && batch.logitRowCount == 0 && batch.parts.isEmpty)
  }
}

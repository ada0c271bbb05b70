import Testing

@testable import BallastCPU

@Suite struct InputMomentsTests {
  @Test func sumsWeightedProducts() throws {
    var moments = InputMoments(width: 2)
    #expect(moments.symmetric == nil)
    moments.add([1, 2].span, weight: 1)
    moments.add([3, 0].span, weight: 2)
    // [1 + 18, 2; 2, 4], divided by the mean of its diagonal.
    let expected: [Float] = [19, 2, 2, 4].map { $0 / 11.5 }
    let symmetric = try #require(moments.symmetric)
    for (one, other) in zip(symmetric, expected) { #expect(abs(one - other) < 1e-6) }
    #expect(moments.tokens == 2)
  }

  @Test func ignoresWhatIsNoToken() {
    var moments = InputMoments(width: 2)
    moments.add([1, .nan].span, weight: 1)
    moments.add([1, .infinity].span, weight: 1)
    moments.add([1, 2, 3].span, weight: 1)
    moments.add([1, 2].span, weight: 0)
    moments.add([1, 2].span, weight: .nan)
    #expect(moments.tokens == 0)
  }
}

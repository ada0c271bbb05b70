import Testing

@testable import BallastOperations

@Suite struct ActivationFigureTests {
  @Test func knowingTheWholeLawIsNoWorse() async throws {
    let figure = try await ActivationFigure(largestBatch: 64, repetitions: 3, seed: 2)
    #expect(figure.points.map(\.tokens) == [1, 2, 4, 8, 16, 32, 64])
    for point in figure.points {
      // Ties within 5 % go to even shares, so a corner may win by that much.
      #expect(point.wholeLaw <= min(point.tokensOnly, point.activationsOnly) * 1.06, "\(point)")
    }
    #expect(figure.points[6].tokensOnly > figure.points[6].wholeLaw * 1.1)
    #expect(figure.points[6].wholeLaw > figure.points[0].wholeLaw)
    #expect(figure.table.rows.count == 7 && figure.plot.series.count == 3)
    #expect(try await ActivationFigure(largestBatch: 64, repetitions: 3, seed: 2) == figure)
  }
}

import Testing

@testable import BallastOperations

@Suite struct HeatMapTests {
  static func strengths(_ values: [[Double]]) -> [Double] {
    let map = HeatMap(
      title: "t", rowTitle: "layer", columnTitle: "device", rows: ["0", "1"], columns: ["0", "1"], values: values)
    let cells = map.drawing.matches(of: /fill-opacity="([0-9.]+)"><title>/)
    return cells.compactMap { Double($0.output.1) }
  }

  @Test func isDarkestWhereTheValueIsHighest() {
    #expect(Self.strengths([[1, 2], [3, 5]]) == [0.06, 0.295, 0.53, 1])
    #expect(Self.strengths([[4, 4], [4, 4]]) == [0.53, 0.53, 0.53, 0.53])
  }

  @Test func leavesOutWhatIsMissing() {
    #expect(Self.strengths([[1], [.nan, 2, 3]]) == [0.06, 0.53])
    #expect(Self.strengths([]) == [])
  }
}

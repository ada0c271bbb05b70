import Testing

@testable import BallastOperations

@Suite struct PlotFrameTests {
  let frame = PlotFrame(width: 120, height: 80, left: 10, right: 10, top: 20, bottom: 10)

  @Test func laysSharesOverItsInside() {
    #expect([frame.x(0), frame.x(1), frame.y(0), frame.y(1)] == [10, 110, 70, 20])
  }

  @Test func drawsALineAndALabelForEachTick() throws {
    let scale = try #require(PlotScale(PlotAxis("v"), values: [0, 5]))
    let grid = frame.grid(across: scale, up: scale, x: PlotAxis("time", unit: "s"), y: PlotAxis("load"))
    #expect(grid.components(separatedBy: "class=\"grid\"").count == 2 * scale.ticks.count + 1)
    #expect(grid.contains("time (s)"))
    #expect(grid.contains(">load<"))
  }
}

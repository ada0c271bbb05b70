import Testing

@Suite struct FigureCommandTests {
  @Test func drawsActivation() throws {
    let scratch = try Scratch()
    let output = try expectDone(
      ["figure", "activation", "--largest-batch", "8", "--svg", "plot.svg", "--json", "points.json"], in: scratch)
    #expect(output.contains("whole law"))
    #expect(try scratch.text("plot.svg").hasPrefix("<svg xmlns"))
    #expect((try scratch.object("points.json")["points"] as? [Any])?.count == 4)
  }

  @Test func drawsBorrowing() throws {
    let scratch = try Scratch()
    try expectDone(
      ["figure", "borrowing", "--tokens-per-device", "1024", "--svg", "speed.svg", "--memory-svg", "memory.svg"],
      in: scratch)
    for file in ["speed.svg", "memory.svg"] { #expect(try scratch.text(file).contains("16 hot")) }
  }

  @Test(arguments: [
    (["activation", "--largest-batch", "0"], "--largest-batch is 0"),
    (["borrowing", "--tokens-per-device", "0"], "--tokens-per-device is 0"),
  ]) func refusesBadOptions(arguments: [String], naming: String) throws {
    try expectUsageError(["figure"] + arguments, in: Scratch(), naming: [naming])
  }
}

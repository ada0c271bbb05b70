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

  @Test func drawsDrift() throws {
    let scratch = try Scratch()
    let output = try expectDone(
      [
        "figure", "drift", BundledTrace.ids, "--window", "256", "--segment-rows", "2056", "--resamples",
        "20", "--svg", "drift.svg", "--json", "drift.json",
      ], in: scratch)
    #expect(output.contains("False alarms on resampled windows"))
    #expect(output.contains("switches: "))
    #expect(try scratch.text("drift.svg").hasPrefix("<svg xmlns"))
    #expect((try scratch.object("drift.json")["switches"] as? [Any])?.count == 2)
  }

  @Test(arguments: [
    (["--window", "0"], "a window of 0 rows"), (["--window", "99999"], "fewer than a window"),
    (["--window", "512", "--segment-rows", "100"], "segments of 100 rows"),
    (["--window", "512", "--false-alarm-rate", "0.9"], "the rate of false alarms is 0.9"),
    (["--window", "512", "--resamples=-3"], "resamples is -3.0"),
  ]) func refusesDriftOfNothing(arguments: [String], naming: String) throws {
    try expectRefused(
      ["figure", "drift", BundledTrace.ids] + arguments, in: Scratch(), naming: [naming])
  }

  @Test func drawsMass() throws {
    let scratch = try Scratch()
    let output = try expectDone(["figure", "mass", "--svg", "plot.svg", "--json", "points.json"], in: scratch)
    #expect(output.contains("step to 8"))
    #expect(try scratch.text("plot.svg").contains("target"))
    #expect((try scratch.object("points.json")["points"] as? [Any])?.count ?? 0 > 100)
  }

  @Test(arguments: [
    ("confidence", ["least sure, entropy", "random", "surest, variance"]),
    ("topp", ["top-k", "top-p", "top-p, mean held"]),
  ]) func drawsGates(figure: String, curves: [String]) throws {
    let scratch = try Scratch()
    var model = TinyModel()
    model.fields["max_position_embeddings"] = "256"
    try model.write("model", in: scratch)
    let output = try expectDone(
      ["figure", figure, "--model", "model", "--sequences", "1", "--svg", "plot.svg", "--json", "points.json"],
      in: scratch)
    let (plot, points) = (try scratch.text("plot.svg"), try scratch.text("points.json"))
    for curve in curves {
      #expect(output.contains(curve) && plot.contains(curve) && points.contains("\"\(curve)\""))
    }
  }

  @Test func drawsRounds() throws {
    let scratch = try Scratch()
    var model = TinyModel(rounds: 2)
    model.fields["max_position_embeddings"] = "256"
    try model.write("model", in: scratch)
    let arguments = [
      "figure", "rounds", "--model", "model", "--svg", "plot.svg", "--json", "points.json", "--sequences",
    ]
    #expect(try expectDone(arguments + ["2", "--devices", "4"], in: scratch).contains("contiguous"))
    #expect(try scratch.text("plot.svg").contains("between rounds"))
    let points = try #require(try scratch.object("points.json")["points"] as? [[String: Any]])
    let moves = points.compactMap { $0["movesBetweenRounds"] as? Double }
    // Two layers, each passed once more: no token moves more often between rounds.
    #expect(moves.count == 9 && moves.allSatisfy { (0...2).contains($0) })
    try expectRefused(arguments + ["2", "--devices", "3"], in: scratch, naming: ["16 experts", "3 devices"])
    model.rounds = 1
    try model.write("model", in: scratch)
    try expectRefused(arguments + ["2"], in: scratch, naming: ["one round", "--model"])
  }

  @Test(arguments: [
    (["activation", "--largest-batch", "0"], "--largest-batch is 0"),
    (["borrowing", "--tokens-per-device", "0"], "--tokens-per-device is 0"),
    (["confidence", "--sequences", "0"], "--sequences is 0"), (["topp", "--sequences", "-1"], "--sequences"),
    (["rounds", "--sequences", "1"], "--sequences is 1"), (["rounds", "--devices", "0"], "--devices is 0"),
  ]) func refusesBadOptions(arguments: [String], naming: String) throws {
    try expectUsageError(["figure"] + arguments, in: Scratch(), naming: [naming])
  }
}

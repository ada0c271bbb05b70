import Testing

@Suite struct BenchCommandTests {
  private static let row = ["floor", "median", "p99", "ratio", "unit"]

  @Test(arguments: [
    ("record", ["record"]), ("dispatch", ["dispatchPrefill", "dispatchDecode", "dispatchBorrow"]),
    ("publish", ["publish"]), ("gate", ["topK256", "topP256At40", "topKConfidence32", "dispatchRagged"]),
  ]) func writesItsRows(verb: String, names: [String]) throws {
    let scratch = try Scratch()
    let output = try expectDone(["bench", verb, "--seconds", "0.001", "--json", "figures.json"], in: scratch)
    let object = try scratch.object("figures.json")
    for name in names {
      #expect(output.contains(name))
      #expect((object[name] as? [String: Any])?.keys.sorted() == Self.row, "\(name)")
    }
  }

  @Test func allIsEverythingInOneFile() throws {
    let scratch = try Scratch()
    try expectDone(
      [
        "bench", "all", "--seconds", "0.001", "--pause-seconds", "0.4", "--json", "figures.json", "--save-batch",
        "batch.json",
      ], in: scratch)
    let object = try scratch.object("figures.json")
    for name in ["record", "dispatchPrefill", "dispatchDecode", "dispatchBorrow", "publish", "pause"] {
      #expect(object[name] != nil, "\(name)")
    }
    let pause = object["pause"] as? [String: Any]
    #expect(pause?.keys.sorted() == ["p999With", "p999Without", "ratio", "stepsWaited", "worst"])
    #expect((try scratch.object("batch.json")["ids"] as? [Int])?.count == 4096 * 8)
  }

  @Test func instancesAreDrawnFromTheirSeeds() throws {
    let scratch = try Scratch()
    try expectDone(["bench", "instances", "--count", "3", "--seed", "6", "--json", "three.json"], in: scratch)
    try expectDone(["bench", "instances", "--count", "1", "--seed", "7", "--json", "one.json"], in: scratch)
    let three = try scratch.text("three.json")
    for name in ["activation 6", "tokens 7", "activation 8"] { #expect(three.contains("\"\(name)\"")) }
    #expect(try scratch.text("one.json").contains("\"tokens 7\""))
  }

  @Test(arguments: [
    (["record", "--seconds", "0"], "--seconds is 0.0"), (["record", "--seconds", "nan"], "--seconds"),
    (["pause", "--seconds", "0"], "--seconds is 0.0"), (["pause", "--devices", "0"], "--devices is 0"),
    (["pause", "--period-milliseconds", "0"], "--period-milliseconds is 0"),
    (["all", "--pause-seconds", "0"], "--pause-seconds is 0.0"), (["instances"], "--json"),
    (["instances", "--count", "-1", "--json", "x"], "--count"),
    (["instances", "--stride", "0", "--json", "x"], "--stride is 0"), (["everything"], "everything"),
  ]) func refusesBadOptions(arguments: [String], naming: String) throws {
    try expectUsageError(["bench"] + arguments, in: Scratch(), naming: [naming])
  }

  @Test func refusesWhatCannotBeUsed() throws {
    let scratch = try Scratch()
    try expectRefused(["bench", "record", "--json", "no/such/file.json"], in: scratch, naming: ["no/such"])
    try expectRefused(
      ["bench", "pause", "--seconds", "0.2", "--staging-bandwidth", "fast"], in: scratch, naming: ["fast"])
    try expectRefused(
      ["bench", "instances", "--count", "0", "--trace", "none.npy", "--json", "x.json"], in: scratch,
      naming: ["none.npy"])
  }
}

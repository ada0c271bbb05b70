import Foundation
import Testing

@Suite struct PlanCommandTests {
  /// What `--json` writes.
  struct Written: Decodable {
    struct Imbalance: Decodable {
      let before: Double?
      let after: Double
      let perLayer: [Double]
      let lowerBound: Double
    }

    let placement: [[[Int]]]
    let precision: [[[String]]]
    let deviceImbalance: Imbalance
    let copiesMoved: Int
    let bytesMoved: Int
    let planMilliseconds: Double
  }

  private static let loads: [Int64] = (0..<48).map { (index: Int) -> Int64 in
    let spread = index * 7919 % 211
    return Int64(spread * (index % 5 + 1))
  }

  private static func scratch() throws -> Scratch {
    let scratch = try Scratch()
    try scratch.write("loads.npy", ArrayFile.integers(loads, shape: [3, 16]))
    return scratch
  }

  private static func plan(_ scratch: Scratch, _ options: [String], loads: String = "loads.npy") throws -> Written {
    try expectDone(["plan", loads, "--devices", "4", "--json", "plan.json"] + options, in: scratch)
    return try JSONDecoder().decode(Written.self, from: Data(scratch.text("plan.json").utf8))
  }

  /// Maximum over mean device tokens when an expert's copies share evenly.
  private static func evenImbalance(_ layer: [[Int]], _ loads: ArraySlice<Int64>) -> Double {
    var copies: [Int: Int] = [:]
    for expert in layer.joined() { copies[expert, default: 0] += 1 }
    let devices = layer.map { experts in
      experts.reduce(0.0) { $0 + Double(loads[loads.startIndex + $1]) / Double(copies[$1] ?? 1) }
    }
    return (devices.max() ?? 0) / (devices.reduce(0, +) / Double(devices.count))
  }

  @Test(arguments: ["ballast", "greedy"])
  func theImbalanceIsThatOfThePlacement(policy: String) throws {
    let written = try Self.plan(Self.scratch(), ["--copies", "24", "--policy", policy])
    for (index, layer) in written.placement.enumerated() {
      #expect(layer.map(\.count) == [6, 6, 6, 6])
      #expect(Set(layer.joined()) == Set(0..<16))
      #expect(layer.allSatisfy { $0 == Array(Set($0)).sorted() })
      let imbalance = Self.evenImbalance(layer, Self.loads[index * 16..<(index + 1) * 16])
      #expect(abs(imbalance - written.deviceImbalance.perLayer[index]) < 1e-9)
    }
    #expect(abs(written.deviceImbalance.perLayer.reduce(0, +) / 3 - written.deviceImbalance.after) < 1e-9)
    #expect(written.precision.joined().joined().allSatisfy { $0 == "bfloat16" })
    #expect(written.planMilliseconds > 0)
  }

  @Test func isNoWorseThanGreedyFromNothing() throws {
    let scratch = try Self.scratch()
    for copies in ["16", "20", "32"] {
      let ballast = try Self.plan(scratch, ["--copies", copies]).deviceImbalance.after
      #expect(
        ballast <= (try Self.plan(scratch, ["--copies", copies, "--policy", "greedy"]).deviceImbalance.after) + 1e-9)
    }
  }

  @Test(arguments: [["--copies", "16"], ["--copies", "28"], ["--copies", "28", "--split", "dispatch"]])
  func noPlanIsBelowTheLowerBound(options: [String]) throws {
    let imbalance = try Self.plan(Self.scratch(), options).deviceImbalance
    #expect(imbalance.lowerBound >= 1 && imbalance.lowerBound <= imbalance.after + 1e-9)
  }

  @Test func groupsStayOnOneNode() throws {
    let options = ["--copies", "24", "--nodes", "2", "--groups"]
    let written = try Self.plan(Self.scratch(), options + ["8"])
    for layer in written.placement {
      #expect(layer.map(\.count) == [6, 6, 6, 6])
      for group in 0..<8 {
        let nodes = layer.indices.filter { device in layer[device].contains { $0 / 2 == group } }.map { $0 / 2 }
        #expect(Set(nodes).count == 1)
      }
    }
    let plan = ["plan", "loads.npy", "--devices", "4", "--nodes", "2", "--groups"]
    try expectRefused(plan + ["3"], in: Self.scratch(), naming: ["16 experts", "3 groups"])
    try expectRefused(plan + ["1"], in: Self.scratch(), naming: ["1 groups", "2 nodes"])
    try expectRefused(plan + ["0"], in: Self.scratch(), naming: ["groups is 0"])
    try expectRefused(plan + ["4", "--copies", "48"], in: Self.scratch(), naming: ["48 copies", "32"])
  }

  @Test func writesTheNamesOfTheContract() throws {
    let scratch = try Self.scratch()
    let printed = try expectDone(["plan", "loads.npy", "--devices", "4", "--json", "plan.json"], in: scratch)
    let names = Set(try scratch.object("plan.json").keys)
    #expect(
      names.isSuperset(of: [
        "placement", "precision", "deviceImbalance", "copiesMoved", "bytesMoved", "planMilliseconds",
      ]))
    let imbalance = try #require(try scratch.object("plan.json")["deviceImbalance"] as? [String: Any])
    #expect(Set(imbalance.keys) == ["before", "after", "perLayer", "lowerBound"])
    #expect(imbalance["before"] is NSNull)
    for layer in 0..<3 { #expect(printed.contains("layer \(layer): 16 replicas")) }
    #expect(
      printed.contains("copies moved") && printed.contains("lower bound") && printed.contains("planning")
        && !printed.contains("before"))
  }

  @Test func aPlanStartedFromItselfMovesNothing() throws {
    let scratch = try Self.scratch()
    let first = try Self.plan(scratch, ["--copies", "24"])
    try FileManager.default.copyItem(atPath: scratch.path("plan.json"), toPath: scratch.path("current.json"))
    let second = try Self.plan(scratch, ["--copies", "24", "--current", "current.json", "--plan-life", "1"])
    #expect(second.placement == first.placement)
    #expect(second.copiesMoved == 0 && second.bytesMoved == 0)
    #expect(second.deviceImbalance.before == first.deviceImbalance.after)
    #expect(second.deviceImbalance.after == first.deviceImbalance.after)
  }

  @Test func aBudgetBelowFullPrecisionIsMetByQuantizing() throws {
    let scratch = try Self.scratch()
    let options = ["--memory-budget", "0.6", "--precision", "int8", "--expert-bytes", "1000"]
    let written = try Self.plan(scratch, options)
    let bytes = ["bfloat16": 1000, "int8": 500]
    for device in 0..<4 {
      let held = written.precision.flatMap { $0[device] }.reduce(0) { $0 + (bytes[$1] ?? .max / 64) }
      #expect(held <= 48_000 * 6 / 10 / 4)
    }
    #expect(written.placement.allSatisfy { Set($0.joined()) == Set(0..<16) })
    try FileManager.default.copyItem(atPath: scratch.path("plan.json"), toPath: scratch.path("current.json"))
    #expect(try Self.plan(scratch, options + ["--current", "current.json", "--plan-life", "1"]).copiesMoved == 0)
    try expectRefused(
      ["plan", "loads.npy", "--devices", "4", "--current", "current.json", "--expert-bytes", "1000"]
        + ["--memory-budget", "0.5", "--precision", "int8"], in: scratch,
      naming: ["start from", "device 0", "6000"])
  }

  @Test func budgetsThatCannotHoldTheExpertsAreRefused() throws {
    let scratch = try Self.scratch()
    let plan = ["plan", "loads.npy", "--devices", "4", "--expert-bytes", "1000", "--memory-budget"]
    try expectRefused(plan + ["0.6"], in: scratch, naming: ["7200 bytes", "12000", "bfloat16"])
    try expectRefused(plan + ["0.4", "--precision", "int8"], in: scratch, naming: ["4800 bytes", "6000", "int8"])
    try expectRefused(plan + ["1000"], in: scratch, naming: ["250 bytes", "12000"])
    try expectRefused(plan + ["0.4", "--precision", "int4"], in: scratch, naming: ["quality budget is 0.01"])
    try expectRefused(plan + ["5.0"], in: scratch, naming: ["'5.0'", "0.01 to 4.0"])
    try expectRefused(plan + ["much"], in: scratch, naming: ["'much'"])
  }

  @Test func copiesThatDoNotFitAreRefused() throws {
    let scratch = try Self.scratch()
    let plan = ["plan", "loads.npy", "--devices", "4", "--json", "plan.json", "--copies"]
    try expectRefused(plan + ["18"], in: scratch, naming: ["18 copies", "4 devices"])
    try expectRefused(plan + ["12"], in: scratch, naming: ["12 copies", "16 experts"])
    try expectRefused(plan + ["68"], in: scratch, naming: ["68 copies", "64"])
  }

  @Test(arguments: [
    ["--copies", "24", "--memory-budget", "1.5"], ["--precision", "int8"], ["--quality-budget", "nan"],
    ["--precision", "float32", "--memory-budget", "1.5"], ["--precision", "int3"], ["--split", "odd"],
    ["--groups", "2", "--split", "dispatch"], ["--groups", "2", "--policy", "greedy"], ["--policy", "static"],
    ["--policy", "greedy", "--memory-budget", "1.5"], ["--devices", "0"],
    ["--devices", "65536"], ["--nodes", "3"], ["--nodes", "0"], ["--plan-life", "0"], ["--copies", "many"],
  ])
  func contradictionsAreUsageErrors(options: [String]) throws {
    try expectUsageError(["plan", "loads.npy", "--devices", "4"] + options, in: Self.scratch(), naming: [options[0]])
  }

  @Test func degenerateLoadsArePlanned() throws {
    let scratch = try Scratch()
    try scratch.write("zero.npy", ArrayFile.integers(Array(repeating: 0, count: 32), shape: [2, 16]))
    let zero = try Self.plan(scratch, [], loads: "zero.npy")
    #expect(zero.deviceImbalance.after == 1 && zero.deviceImbalance.perLayer == [1, 1])
    try scratch.write("one.npy", ArrayFile.integers([9, 9], shape: [2, 1]))
    #expect(try Self.plan(scratch, [], loads: "one.npy").placement == Array(repeating: [[0], [0], [0], [0]], count: 2))
    try scratch.write("few.npy", ArrayFile.integers([1, 2, 4], shape: [1, 3]))
    let few = try Self.plan(scratch, [], loads: "few.npy")
    #expect(few.placement[0].map(\.count) == [1, 1, 1, 1])
    #expect(few.placement[0].filter { $0 == [2] }.count == 2)
    try scratch.write("windows.npy", ArrayFile.integers(Array(1...32), shape: [2, 1, 16]))
    #expect(try Self.plan(scratch, [], loads: "windows.npy").placement.count == 1)
  }

  @Test func loadsThatAreNoLoadsAreRefused() throws {
    let scratch = try Scratch()
    let whole = ArrayFile.integers(Self.loads, shape: [3, 16])
    try scratch.write("nan.npy", ArrayFile.numbers([1, .nan], shape: [1, 2]))
    try scratch.write("half.npy", ArrayFile.numbers([1, 0.5], shape: [1, 2]))
    try scratch.write("negative.npy", ArrayFile.integers([1, -7], shape: [1, 2]))
    try scratch.write("huge.npy", ArrayFile.integers([.max, .max], shape: [1, 2]))
    try scratch.write("flat.npy", ArrayFile.integers([1, 2], shape: [2]))
    try scratch.write("none.npy", ArrayFile.integers([], shape: [0, 4]))
    try scratch.write("short.npy", Array(whole.dropLast()))
    try scratch.write("long.npy", whole + [0])
    try scratch.write("empty.npy", [])
    try scratch.write("header.npy", Array(whole.prefix(8)) + [0xFF, 0xFF] + whole.dropFirst(10))
    try scratch.write("overflow.npy", ArrayFile.file("<i8", [.max, .max]))
    try scratch.write("sign.npy", ArrayFile.file("<i8", [-3, 16]))
    for (name, fragments) in [
      ("nan", ["nan at [0, 1]"]), ("half", ["0.5"]), ("negative", ["-7 at [0, 1]"]), ("huge", ["9007199254740992"]),
      ("flat", ["[2]"]), ("none", ["[0, 4]"]), ("short", ["384", "383"]), ("long", ["384", "385"]), ("empty", []),
      ("header", ["header"]), ("overflow", ["addressed"]), ("sign", ["header"]), ("missing", ["No such file"]),
    ] {
      try expectRefused(
        ["plan", "\(name).npy", "--devices", "4", "--json", "plan.json"], in: scratch,
        naming: ["\(name).npy"] + fragments)
    }
  }

  @Test func placementsThatAreNoneAreRefused() throws {
    let scratch = try Scratch()
    try scratch.write("loads.npy", ArrayFile.integers([1, 2], shape: [1, 2]))
    for (text, fragment) in [
      ("{", "placement"), ("[]", "placement"), ("{\"placement\": 1}", "placement"), ("{\"placement\": []}", "0 layers"),
      ("{\"placement\": [[[0], [1.5]]]}", "placement"), ("{\"placement\": [[[0], [1, -1]]]}", "expert -1"),
      ("{\"placement\": [[[0, 1], [2]]]}", "expert 2"),
      ("{\"placement\": [[[0, 1], [9223372036854775807]]]}", "expert 92"),
      ("{\"placement\": [[[0, 0], [1]]]}", "expert 0"), ("{\"placement\": [[[0], []]]}", "expert 1"),
      ("{\"placement\": [[[0], [1], [1]]]}", "device 2"),
      ("{\"placement\": [[[0], [1]]], \"precision\": [[[\"bfloat16\"], []]]}", "shape"),
      ("{\"placement\": [[[0], [1]]], \"precision\": [[[\"bfloat16\"], [\"int5\"]]]}", "int5"),
      (String(repeating: "[", count: 100_000), "placement"),
    ] {
      try scratch.write("current.json", text)
      try expectRefused(
        ["plan", "loads.npy", "--devices", "2", "--current", "current.json", "--json", "plan.json"], in: scratch,
        naming: ["current.json", fragment])
    }
  }

  @Test func whatCannotBeWrittenIsSaid() throws {
    let scratch = try Self.scratch()
    let process = try BallastProcess(["plan", "loads.npy", "--json", "missing/plan.json"], in: scratch)
    #expect(process.status == 1 && process.errors.contains("missing/plan.json"))
    #expect(scratch.contents.keys.sorted() == ["loads.npy"])
  }

  @Test(arguments: ["sglang", "vllm", "trtllm"])
  func whatEnginesLoadIsWhereTheNextPlanStarts(format: String) throws {
    let scratch = try Self.scratch()
    let options = ["--copies", "24", "--first-layer", "2"]
    let first = try Self.plan(scratch, options + ["--export", "engine", "--format", format])
    let second = try Self.plan(scratch, options + ["--current", "engine", "--plan-life", "1"])
    #expect(second.placement == first.placement && second.copiesMoved == 0)
    guard format != "vllm" else { return }
    try expectRefused(
      ["plan", "loads.npy", "--devices", "4", "--copies", "24", "--current", "engine", "--first-layer", "1"],
      in: scratch, naming: ["engine", "--first-layer"])
  }

  @Test func mixedPrecisionIsNotExported() throws {
    let scratch = try Self.scratch()
    try expectRefused(
      ["plan", "loads.npy", "--devices", "4", "--memory-budget", "0.6", "--precision", "int8", "--export", "engine"],
      in: scratch, naming: ["--copies"])
  }

  @Test func devicesMayDiffer() throws {
    let scratch = try Self.scratch()
    try scratch.write(
      "cluster.yaml",
      "devices:\n  - {speed: 2, memory: 1MiB}\n  - {count: 2, memory: 1MiB}\n  - {memory: 9000, node: 1}\n")
    let options = ["--cluster", "cluster.yaml", "--expert-bytes", "1000", "--json", "plan.json", "--split", "dispatch"]
    try expectDone(["plan", "loads.npy", "--memory-budget", "1.5"] + options, in: scratch)
    let written = try JSONDecoder().decode(Written.self, from: Data(scratch.text("plan.json").utf8))
    #expect(written.placement.reduce(0) { $0 + $1[3].count } <= 9)
    #expect(written.placement.allSatisfy { Set($0.joined()) == Set(0..<16) })
    try expectRefused(
      ["plan", "loads.npy", "--copies", "24"] + options, in: scratch, naming: ["device 3", "18000", "9000"])
    try expectUsageError(
      ["plan", "loads.npy", "--devices", "4"] + options, in: scratch, naming: ["--cluster"])
    try scratch.write("cluster.yaml", "devices:\n  - {speed: 0}\n")
    try expectRefused(["plan", "loads.npy"] + options, in: scratch, naming: ["cluster.yaml", "speed", "'0'"])
  }

  @Test func lostAndDrainedDevicesAreEmptied() throws {
    let scratch = try Self.scratch()
    let first = try Self.plan(scratch, ["--copies", "24"])
    try FileManager.default.copyItem(atPath: scratch.path("plan.json"), toPath: scratch.path("current.json"))
    for option in ["--lost", "--drained"] {
      let second = try Self.plan(
        scratch, ["--copies", "24", "--current", "current.json", "--plan-life", "1", option, "2"])
      #expect(second.placement.map { $0.map(\.count) } == Array(repeating: [6, 6, 0, 6], count: 3))
      #expect(second.placement.allSatisfy { Set($0.joined()) == Set(0..<16) })
      // Nothing but what device 2 held alone has to move.
      let alone = first.placement.reduce(0) { sum, layer in
        sum + layer[2].filter { expert in layer.filter { $0.contains(expert) }.count == 1 }.count
      }
      #expect(second.copiesMoved >= alone && second.copiesMoved <= 18)
    }
    let plan = ["plan", "loads.npy", "--devices", "4", "--copies", "24"]
    try expectUsageError(plan + ["--lost", "1"], in: scratch, naming: ["--current"])
    let current = plan + ["--current", "current.json"]
    try expectRefused(current + ["--lost", "4"], in: scratch, naming: ["device 4", "0 to 3"])
    try expectRefused(current + ["--lost", "1", "--drained", "1"], in: scratch, naming: ["device 1"])
    try expectRefused(current + ["--lost", "0", "1", "2", "3"], in: scratch, naming: ["none of 4 devices"])
  }
}

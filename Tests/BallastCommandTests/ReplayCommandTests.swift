import Foundation
import Testing

@Suite struct ReplayCommandTests {
  /// What `--json` writes.
  struct Written: Decodable {
    struct Window: Decodable {
      struct Worst: Decodable {
        let layer: Int
        let deviceImbalance: Double
      }

      let deviceImbalance: Double
      let worstLayer: Worst
      let copiesMoved: Int
      let bytesMoved: Int
      let planMilliseconds: Double
      let stepMicroseconds: Double
    }

    let policy: String
    let windows: [Window]
    let mean: Double
    let p95: Double
    let copiesMovedShare: Double
  }

  private static func replay(_ scratch: Scratch, _ arguments: [String]) throws -> (Written, [[[[Int]]]]) {
    try expectDone(
      ["replay"] + arguments + ["--json", "replay.json", "--placements", "placements.json"],
      in: scratch)
    let written = try JSONDecoder().decode(Written.self, from: Data(scratch.text("replay.json").utf8))
    let placements = try JSONDecoder().decode(
      [String: [[[[Int]]]]].self, from: Data(scratch.text("placements.json").utf8))
    return (written, placements["placements"] ?? [])
  }

  /// Tokens of the busiest device where every expert has one copy.
  private static func busiest(_ layer: [[Int]], _ loads: [Int]) -> Int {
    layer.map { experts in experts.reduce(0) { $0 + loads[$1] } }.max() ?? 0
  }

  /// The figures of one window, recomputed: `busiest` says what the busiest device of a layer must take at least,
  /// `slack` how many tokens more it may take.
  private static func expect(
    _ window: Written.Window, _ placement: [[[Int]]], _ loads: [[Int]], slack: Double = 0,
    _ busiest: ([[Int]], [Int]) -> Int
  ) {
    var least: [Double] = []
    var most: [Double] = []
    for (layer, loads) in zip(placement, loads) {
      let scale = Double(layer.count) / Double(loads.reduce(0, +))
      let tokens = Double(busiest(layer, loads))
      least.append(tokens * scale - 1e-9)
      most.append((tokens + slack) * scale + 1e-9)
    }
    let layers = Double(least.count)
    #expect((least.reduce(0, +) / layers...most.reduce(0, +) / layers).contains(window.deviceImbalance))
    #expect(((least.max() ?? 0)...(most.max() ?? 0)).contains(window.worstLayer.deviceImbalance))
    let worst = window.worstLayer.layer
    #expect((least[worst]...most[worst]).contains(window.worstLayer.deviceImbalance))
  }

  @Test func staticFiguresAreThoseOfTheTrace() throws {
    let (written, placements) = try Self.replay(
      Scratch(), [BundledTrace.ids, "--devices", "8", "--window", "1024", "--policy", "static"])
    let elements = try ArrayFile.bytes(BundledTrace.ids)
    #expect(written.policy == "static")
    #expect(written.windows.count == 3 && placements.count == 4)
    for (index, window) in written.windows.enumerated() {
      #expect(placements[index + 1].allSatisfy { $0 == (0..<8).map { Array($0 * 8..<$0 * 8 + 8) } })
      let loads = BundledTrace.loads(elements, rows: (index + 1) * 1024..<(index + 2) * 1024)
      Self.expect(window, placements[index + 1], loads) { Self.busiest($0, $1) }
      #expect(window.copiesMoved == 0 && window.bytesMoved == 0)
    }
    #expect(abs(written.mean - written.windows.map(\.deviceImbalance).reduce(0, +) / 3) < 1e-12)
    #expect(written.p95 == written.windows.map(\.deviceImbalance).max())
    #expect(written.copiesMovedShare == 0)
  }

  @Test(arguments: ["greedy", "ballast"])
  func dividedFiguresAreTheLeastPossible(policy: String) throws {
    let (written, placements) = try Self.replay(
      Scratch(), [BundledTrace.ids, "--devices", "8", "--copies", "72", "--window", "1024", "--policy", policy])
    let elements = try ArrayFile.bytes(BundledTrace.ids)
    #expect(placements.count == 4 && placements[0].allSatisfy { $0.joined().count == 64 })
    var moved = 0
    for (index, window) in written.windows.enumerated() {
      let placement = placements[index + 1]
      for layer in placement { #expect(layer.allSatisfy { $0.count == 9 && Set($0).count == 9 }) }
      let loads = BundledTrace.loads(elements, rows: (index + 1) * 1024..<(index + 2) * 1024)
      // A device takes whole tokens of each expert, so the last token may be one too many.
      Self.expect(window, placement, loads, slack: 1) { LeastMaximum(devices: $0, tokens: $1).value }
      let copies = zip(placements[index], placement).reduce(0) { sum, pair in
        sum + zip(pair.0, pair.1).reduce(0) { $0 + Set($1.1).subtracting($1.0).count }
      }
      #expect(window.copiesMoved == (index == 0 ? 0 : copies))
      #expect(window.bytesMoved == window.copiesMoved << 24)
      #expect(window.planMilliseconds > 0 && window.stepMicroseconds > 0)
      moved += window.copiesMoved
    }
    #expect(abs(written.copiesMovedShare - Double(moved) / (2 * 26 * 72)) < 1e-12)
  }

  @Test func driftIsShownUnlessItIsOff() throws {
    let scratch = try Scratch()
    for policy in ["static", "greedy", "ballast"] {
      let arguments = ["replay", BundledTrace.ids, "--window", "512", "--policy", policy, "--json", "replay.json"]
      let output = try expectDone(arguments, in: scratch)
      #expect(output.contains("least overlap"))
      let windows = try #require(try scratch.object("replay.json")["windows"] as? [[String: Any]])
      // A reference and three neighbours come first.
      #expect(windows.map { $0["drift"] != nil } == [false, false, false, true, true, true, true])
      let drift = try #require(windows[4]["drift"] as? [String: Double])
      #expect(try #require(drift["overlap"]) > 0.8 && #require(drift["score"]) > 0)
      let silent = try expectDone(arguments + ["--drift", "off"], in: scratch)
      #expect(!silent.contains("least overlap"))
    }
    try expectUsageError(
      ["replay", BundledTrace.ids, "--window", "9", "--policy", "static", "--drift", "on"], in: scratch,
      naming: ["--drift"])
  }

  @Test func batchesAreJudgedOneByOne() throws {
    let (written, placements) = try Self.replay(
      Scratch(), [BundledTrace.ids, "--devices", "4", "--window", "2000", "--batch", "600", "--policy", "static"])
    let elements = try ArrayFile.bytes(BundledTrace.ids)
    #expect(written.windows.count == 1)
    let batches = [2000..<2600, 2600..<3200, 3200..<3800, 3800..<4000].map {
      BundledTrace.loads(elements, rows: $0)
    }
    var imbalances: [Double] = []
    for batch in batches {
      for (layer, loads) in zip(placements[1], batch) {
        imbalances.append(Double(Self.busiest(layer, loads)) * 4 / Double(loads.reduce(0, +)))
      }
    }
    #expect(abs(written.mean - imbalances.reduce(0, +) / Double(imbalances.count)) < 1e-9)
  }

  @Test func borrowingEvensDevicesWhereLinksAreFast() throws {
    let scratch = try Scratch()
    let arguments = [BundledTrace.ids, "--window", "2000", "--policy", "static", "--link-bandwidth", "9000TB"]
    let resident = try Self.replay(scratch, arguments).0
    let borrowing = try Self.replay(scratch, arguments + ["--borrow"]).0
    #expect(borrowing.mean < 1 + (resident.mean - 1) / 2)
    #expect(borrowing.windows[0].stepMicroseconds < resident.windows[0].stepMicroseconds)
  }

  /// A count of a window, layer and expert, all three in `place`.
  private static func count(_ first: Int, _ place: Int) -> Int { first + place * place % 17 }

  /// Counts of 2 layers, 4 experts.
  private static func counts(windows: Int, first: Int) -> [UInt8] {
    ArrayFile.integers((0..<windows * 8).map { Int64(count(first, $0)) }, shape: [windows, 2, 4])
  }

  @Test func windowsNeverStraddleFiles() throws {
    let scratch = try Scratch()
    try scratch.write("a/first.npy", Self.counts(windows: 5, first: 1))
    try scratch.write("a/second.npy", Self.counts(windows: 3, first: 40))
    try scratch.write("a/short.npy", Self.counts(windows: 1, first: 90))
    try scratch.write("a/meta.json", "{\"experts\": 4}")
    let files = ["a/first.npy", "a/short.npy", "a/second.npy"]
    let (written, _) = try Self.replay(scratch, files + ["--devices", "2", "--window", "2", "--policy", "static"])
    let windows = [(first: 1, row: 2), (first: 40, row: 0)]
    #expect(written.windows.count == windows.count)
    for (window, (first, row)) in zip(written.windows, windows) {
      var loads = Array(repeating: Array(repeating: 0, count: 4), count: 2)
      for place in row * 8..<(row + 2) * 8 { loads[place / 4 % 2][place % 4] += Self.count(first, place) }
      Self.expect(window, [[[0, 1], [2, 3]], [[0, 1], [2, 3]]], loads) { Self.busiest($0, $1) }
    }
    try expectDone(
      ["replay", "a/first.npy", "--experts", "4", "--devices", "2", "--window", "1", "--policy", "ballast"], in: scratch
    )
  }

  @Test func theReportStandsAlone() throws {
    let scratch = try Scratch()
    try scratch.write("counts.npy", Self.counts(windows: 6, first: 1))
    let options = [
      "--experts", "4", "--devices", "2", "--window", "1", "--policy", "greedy", "--report", "replay.html",
    ]
    try expectDone(["replay", "counts.npy"] + options, in: scratch)
    let report = try scratch.text("replay.html")
    expectSelfContained(report)
    for part in [
      "greedy", "static", "ballast", "Device imbalance by policy", "Device load", "Copies moved", "precision",
    ] {
      #expect(report.contains(part), "\(part)")
    }
  }

  /// Tokens of two kinds, each with two experts of its own in every layer, which a contiguous placement parts.
  private static let kinds: [Int64] = (0..<256).flatMap { (token: Int) -> [Int64] in
    (0..<3).map { layer in Int64(token % 2 + 2 * ((token / 2 + layer * (token / 4)) % 2)) }
  }

  @Test func affinityKeepsTokensOnTheirDevice() throws {
    let scratch = try Scratch()
    try scratch.write("ids.npy", ArrayFile.integers(Self.kinds, shape: [256, 3, 1]))
    let replay = ["replay", "ids.npy", "--experts", "4", "--devices", "2", "--window", "64", "--json", "replay.json"]
    func moves(_ options: [String]) throws -> Double {
      try expectDone(replay + options, in: scratch)
      return try #require(try scratch.object("replay.json")["tokenMoves"] as? Double)
    }
    #expect(abs(try moves(["--policy", "static"]) - 1) < 1e-9)
    #expect(abs(try moves(["--policy", "ballast"]) - 1) < 1e-9)
    #expect(try moves(["--policy", "ballast", "--affinity", "1"]) == 0)
    #expect(try moves(["--policy", "ballast", "--affinity", "1", "--plan-life", "1"]) > 0.9)
    try expectUsageError(
      replay + ["--policy", "ballast", "--affinity", "-1"], in: scratch, naming: ["--affinity"])
    try expectUsageError(
      replay + ["--policy", "ballast", "--token-bytes", "0"], in: scratch, naming: ["--token-bytes"])
  }

  @Test func badTracesAreRefused() throws {
    let scratch = try Scratch()
    try scratch.write("counts.npy", Self.counts(windows: 4, first: 1))
    try scratch.write("ids.npy", ArrayFile.integers([0, 1, 2, 9], shape: [4, 1, 1]))
    try scratch.write("cut.npy", Array(Self.counts(windows: 4, first: 1).dropLast(3)))
    try scratch.write("gates.npy", ArrayFile.numbers([1, 1, .nan, 1], shape: [4, 1, 1]))
    try scratch.write("few.npy", ArrayFile.numbers([1], shape: [1, 1, 1]))
    try scratch.write("broken/counts.npy", Self.counts(windows: 4, first: 1))
    try scratch.write("broken/meta.json", "{\"experts\": -4}")
    let refused: [([String], [String])] = [
      (["counts.npy"], ["counts.npy", "meta.json"]), (["broken/counts.npy"], ["meta.json", "-4"]),
      (["counts.npy", "--experts", "4", "--batch", "1"], ["counts.npy", "--batch"]),
      (["counts.npy", "--experts", "4", "--window", "4"], ["counts.npy", "4 rows", "1 whole"]),
      (["counts.npy", "--experts", "4", "--copies", "5"], ["5 copies", "2 devices"]),
      (["counts.npy", "--experts", "4", "--copies", "10"], ["10 copies", "8"]),
      (["counts.npy", "ids.npy", "--experts", "4"], ["ids.npy"]),
      (["ids.npy", "--experts", "8"], ["ids.npy", "9 at [3, 0, 0]", "0 to 7"]),
      (["ids.npy", "--experts", "16", "--batch", "2"], ["ids.npy", "2"]),
      (["ids.npy", "--experts", "16", "--gates", "gates.npy"], ["gates.npy", "nan at [2, 0, 0]"]),
      (["ids.npy", "--experts", "16", "--gates", "few.npy"], ["few.npy", "[1, 1, 1]"]),
      (["cut.npy", "--experts", "4"], ["cut.npy", "256", "253"]), (["missing.npy"], ["missing.npy"]),
      (["counts.npy", "--experts", "4", "--expert-bytes", "64TiB", "--link-bandwidth", "0"], ["'0'"]),
    ]
    for (arguments, fragments) in refused {
      let window = arguments.contains("--window") ? [] : ["--window", "1"]
      try expectRefused(
        ["replay"] + arguments + window + ["--devices", "2", "--policy", "static", "--json", "replay.json"],
        in: scratch,
        naming: fragments)
    }
  }

  @Test(arguments: [
    ["--window", "0"], ["--batch", "0"], ["--experts", "0"], ["--experts", "70000"], ["--gates", "a", "b"],
    ["--policy", "best"], ["--devices", "0"], ["--plan-life", "0"],
  ])
  func contradictionsAreUsageErrors(options: [String]) throws {
    let usual = [("--window", "1"), ("--policy", "static")].filter { $0.0 != options[0] }.flatMap { [$0.0, $0.1] }
    try expectUsageError(["replay", "a.npy"] + usual + options, in: Scratch(), naming: [options[0]])
  }
}

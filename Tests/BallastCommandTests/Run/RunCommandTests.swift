import Foundation
import Testing

@Suite(.serialized) struct RunCommandTests {
  /// What both arms write.
  struct Arm: Decodable {
    struct Percentiles: Decodable {
      let p50: Double
      let p99: Double
      let p999: Double
    }

    struct Imbalance: Decodable {
      let expert: Double
      let replica: Double
      let device: Double
    }

    let tokensPerSecond: Double
    let stepMilliseconds: Percentiles
    let imbalanceByRound: [Imbalance]
    let expertImbalance: Double
    let replicaImbalance: Double
    let deviceImbalance: Double
    let bytes: Int
    let budgetBytes: Int
    let bitsPerByte: Double
    let nextByteAccuracy: Double
    let plansApplied: Int
    let stepsWaited: Int
    let precisionShare: [String: Double]
    let meanExperts: Double
    let escalatedShare: Double?
    let unmetShare: Double
    let mostWaiting: Int?
    let reliefSteps: Int
  }

  struct Alternation: Decodable {
    let `static`: Arm
    let adaptive: Arm
  }

  struct Written: Decodable {
    let `static`: Arm
    let adaptive: Arm
    let alternations: [Alternation]
  }

  private static func run(_ scratch: Scratch, _ options: [String] = []) throws -> Written {
    try expectDone(
      ["run", "--model", "model", "--seconds", "2", "--pairs", "1", "--quiet", "--json", "run.json"] + options,
      in: scratch)
    return try JSONDecoder().decode(Written.self, from: Data(scratch.text("run.json").utf8))
  }

  @Test func theAdaptiveArmChoosesByTheGateAskedFor() throws {
    let scratch = try Scratch()
    try TinyModel().write("model", in: scratch)
    let topP = try Self.run(scratch, ["--gate", "topp", "--mean-experts", "5"])
    #expect(topP.static.meanExperts == 2 && abs(topP.adaptive.meanExperts - 5) < 1)
    #expect(topP.adaptive.escalatedShare == nil)
    let confidence = try Self.run(scratch, ["--gate", "confidence", "--escalate", "0.2"])
    #expect(confidence.adaptive.meanExperts == 2 && confidence.static.escalatedShare == nil)
    #expect(abs((confidence.adaptive.escalatedShare ?? 0) - 0.2) < 0.1)
    #expect((0...1).contains(confidence.adaptive.unmetShare) && confidence.static.unmetShare == 0)
  }

  /// The file's gate is in force, and the command line's words stand before it.
  @Test func theGateOfAConfigurationIsServedBy() throws {
    let scratch = try Scratch()
    try TinyModel().write("model", in: scratch)
    try scratch.write("gate.yaml", "gate:\n  kind: topp\n  mass: 1\n  expertsAtMost: 7\n")
    #expect(try Self.run(scratch, ["--config", "gate.yaml"]).adaptive.meanExperts == 7)
    let own = try Self.run(scratch, ["--config", "gate.yaml", "--gate", "topk"])
    #expect(own.adaptive.meanExperts == 2)
  }

  @Test func waitingRequestsMoveTheGateAndDriftIsShown() throws {
    let scratch = try Scratch()
    try TinyModel().write("model", in: scratch)
    try scratch.write("quick.yaml", "tickMilliseconds: 20\nestimator:\n  windowTokens: 64\n")
    let written = try Self.run(
      scratch,
      [
        "--surge", "50", "--gate", "topp", "--mass", "1", "--queue-target", "1", "--drift", "--config", "quick.yaml",
        "--report", "run.html",
      ])
    #expect(try #require(written.adaptive.mostWaiting) > 1)
    #expect(written.adaptive.reliefSteps > 0 && written.static.reliefSteps == 0)
    let report = try scratch.text("run.html")
    for title in ["Requests that wait", "Level of relief", "Drift of the routing"] { #expect(report.contains(title)) }
    #expect(try Self.run(scratch).adaptive.mostWaiting == nil)
    try expectRefused(
      ["run", "--model", "model", "--queue-target", "3"], in: scratch, naming: ["--queue-target is 3", "topp"])
    for (option, value) in [("--surge", "0"), ("--surge", "nan"), ("--queue-target", "-1")] {
      try expectUsageError(["run", option + "=" + value], in: scratch, naming: [option])
    }
  }

  @Test func servesBothArmsInsideTheSameBytes() throws {
    let scratch = try Scratch()
    try TinyModel().write("model", in: scratch)
    // So few steps are measured only when every one is sampled.
    try scratch.write("every.yaml", "estimator:\n  samplingInterval: 1\n")
    let written = try Self.run(scratch, ["--report", "run.html", "--config", "every.yaml"])
    #expect(written.alternations.count == 1)
    for arm in [written.static, written.adaptive] {
      #expect(arm.tokensPerSecond > 0)
      #expect(arm.stepMilliseconds.p50 <= arm.stepMilliseconds.p99)
      #expect(arm.stepMilliseconds.p99 <= arm.stepMilliseconds.p999)
      #expect(arm.bytes > 0 && arm.bytes <= arm.budgetBytes)
      #expect(arm.budgetBytes == written.static.budgetBytes)
      #expect(arm.deviceImbalance >= 1 && arm.expertImbalance >= 1 && arm.replicaImbalance > 0)
      #expect(arm.bitsPerByte > 0 && (0...1).contains(arm.nextByteAccuracy))
      #expect(abs(arm.precisionShare.values.reduce(0, +) - 1) < 1e-9)
    }
    #expect(written.static.precisionShare == ["bfloat16": 1])
    #expect(written.static.plansApplied == 0 && written.static.stepsWaited == 0)
    #expect(written.static.replicaImbalance == written.static.expertImbalance)
    expectSelfContained(try scratch.text("run.html"))
  }

  /// Half the bytes: the experts that do not fit are stored, and their tokens served from there or by a substitute.
  @Test(arguments: ["stored", "substitute"])
  func servesInHalfTheBytes(evicted: String) throws {
    struct Evicting: Decodable {
      let residentShare: Double
      let storedShare: Double
      let substitutedShare: Double
    }
    struct Arms: Decodable {
      let `static`: Evicting
      let adaptive: Evicting
    }
    let scratch = try Scratch()
    try TinyModel().write("model", in: scratch)
    try scratch.write("exact.yaml", "planner:\n  leastPrecision: bfloat16\n")
    let written = try Self.run(scratch, ["--resident", "0.5", "--evicted", evicted, "--config", "exact.yaml"])
    #expect(written.adaptive.budgetBytes * 2 == written.static.budgetBytes)
    #expect(written.adaptive.bytes <= written.adaptive.budgetBytes)
    let arms = try JSONDecoder().decode(Arms.self, from: Data(scratch.text("run.json").utf8))
    #expect(arms.static.residentShare == 1 && arms.static.storedShare == 0 && arms.static.substitutedShare == 0)
    #expect(arms.adaptive.residentShare < 0.5 && arms.adaptive.residentShare > 0.2)
    #expect(arms.adaptive.storedShare > 0)
    #expect((arms.adaptive.substitutedShare > 0) == (evicted == "substitute"))
    if evicted == "stored" { #expect(abs(written.static.bitsPerByte - written.adaptive.bitsPerByte) < 1e-3) }
  }

  @Test func roundsAreShownApart() throws {
    let scratch = try Scratch()
    try TinyModel(rounds: 2).write("model", in: scratch)
    try scratch.write("every.yaml", "estimator:\n  samplingInterval: 1\n")
    let written = try Self.run(scratch, ["--report", "run.html", "--config", "every.yaml"])
    for arm in [written.static, written.adaptive] {
      #expect(arm.imbalanceByRound.count == 2)
      #expect(arm.imbalanceByRound.allSatisfy { $0.expert >= 1 && $0.device >= 1 && $0.replica > 0 })
      let mean = arm.imbalanceByRound.reduce(0) { $0 + $1.expert } / 2
      #expect(abs(mean - arm.expertImbalance) < 0.05)
    }
    #expect(try scratch.text("run.html").contains("round 1: device imbalance"))
  }

  @Test func equalRequestsPredictEqually() throws {
    let scratch = try Scratch()
    try TinyModel().write("model", in: scratch)
    let written = try Self.run(scratch, ["--config", try scratch.write("observe.yaml", "mode: observe\n")])
    #expect(written.adaptive.plansApplied == 0)
    #expect(abs(written.static.bitsPerByte - written.adaptive.bitsPerByte) < 0.02)
    #expect(abs(written.static.nextByteAccuracy - written.adaptive.nextByteAccuracy) < 0.02)
  }

  @Test func badModelsAreRefused() throws {
    let scratch = try Scratch()
    try TinyModel().write("model", in: scratch)
    let whole = [UInt8](try #require(scratch.contents["model/model.safetensors"]))
    let headerless = Array(whole.dropFirst(8))
    let files: [(String, [UInt8])] = [
      ("empty", []), ("truncated", Array(whole.dropLast())), ("tail", whole + [0]), ("cut", Array(whole.prefix(100))),
      ("long", withUnsafeBytes(of: UInt64.max.littleEndian) { Array($0) } + headerless),
      ("lying", withUnsafeBytes(of: UInt64(10).littleEndian) { Array($0) } + headerless),
      ("list", TinyModel.framed("[]")), ("deep", TinyModel.framed(String(repeating: "[", count: 100_000))),
      ("offsets", TinyModel.framed("{\"a\": {\"dtype\": \"BF16\", \"shape\": [2], \"data_offsets\": [4, 0]}}")),
      ("outside", TinyModel.framed("{\"a\": {\"dtype\": \"BF16\", \"shape\": [2], \"data_offsets\": [0, 4]}}")),
      (
        "overflow",
        TinyModel.framed(
          "{\"a\": {\"dtype\": \"BF16\", \"shape\": [9223372036854775807, 4], \"data_offsets\": [0, 4]}}") + [
            0, 0, 0, 0,
          ]
      ),
      (
        "missing",
        TinyModel.framed("{\"a\": {\"dtype\": \"BF16\", \"shape\": [2], \"data_offsets\": [0, 4]}}") + [0, 0, 0, 0]
      ),
    ]
    for (name, bytes) in files {
      try scratch.write("model/model.safetensors", bytes)
      let message = try expectRefused(
        ["run", "--model", "model", "--json", "run.json"], in: scratch, naming: ["model"])
      #expect(message.contains("model.safetensors") || name == "missing", "\(name): \(message)")
    }
  }

  @Test(arguments: [
    ("vocab_size", "0"), ("hidden_size", "-16"), ("hidden_size", "32"), ("num_local_experts", "0"),
    ("num_local_experts", "17"), ("num_local_experts", "1e99"), ("num_hidden_layers", "3"),
    ("num_experts_per_tok", "17"),
    ("model_type", "\"llama\""), ("rms_norm_eps", "\"small\""), ("max_position_embeddings", "99999999999999999999"),
    ("num_attention_heads", "3"), ("intermediate_size", "1048576"), ("sliding_window", "4"), ("vocab_size", "100"),
  ])
  func badConfigurationsAreRefused(field: String, value: String) throws {
    let scratch = try Scratch()
    var model = TinyModel()
    model.fields[field] = value
    try model.write("model", in: scratch)
    try expectRefused(["run", "--model", "model", "--json", "run.json"], in: scratch, naming: ["model"])
  }

  @Test func missingAndMalformedInputsAreRefused() throws {
    let scratch = try Scratch()
    try TinyModel().write("model", in: scratch)
    try scratch.write("empty/notes.md", "no text")
    try scratch.write("short/a.txt", "short")
    try scratch.write("arrivals.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n0,12,-3\n")
    try scratch.write("columns.csv", "when,what\n1,2\n")
    try scratch.write("none.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n")
    try scratch.write("large.yaml", "planner:\n  stagingReserveExperts: 100\n")
    try scratch.write("bad.yaml", "controller:\n  dwell: 3\n")
    for (options, fragments) in [
      (["--model", "nowhere"], ["nowhere"]), (["--text", "nowhere"], ["nowhere"]),
      (["--text", "empty"], ["empty", ".txt"]),
      (["--arrivals", "arrivals.csv"], ["arrivals.csv", "line 2", "12,-3"]),
      (["--arrivals", "columns.csv"], ["columns.csv", "line 1"]), (["--arrivals", "none.csv"], ["none.csv"]),
      (["--arrivals", "nowhere.csv"], ["nowhere.csv"]),
      (["--memory-budget", "0.5"], ["--memory-budget", "static arm"]),
      (["--memory-budget", "lots"], ["'lots'"]), (["--config", "bad.yaml"], ["bad.yaml:2", "controller.dwell"]),
      (["--config", "nowhere.yaml"], ["nowhere.yaml"]),
      (["--config", "large.yaml"], ["the memory budget gives device 0", "staging reserve need"]),
    ] {
      let model = options.contains("--model") ? [] : ["--model", "model"]
      try expectRefused(["run"] + model + options + ["--json", "run.json"], in: scratch, naming: fragments)
    }
    let short = try BallastProcess(["run", "--model", "model", "--text", "short"], in: scratch)
    #expect(short.status == 1 && short.errors.contains("5 bytes; requests need 16"), "\(short)")
    try expectRefused(
      ["run", "--model", "model"], in: scratch, naming: ["BALLAST_MODE"], environment: ["BALLAST_MODE": "maybe"])
  }

  @Test func whereTheBundledModelWasLookedForIsSaid() throws {
    let scratch = try Scratch()
    try FileManager.default.copyItem(
      at: try BallastProcess.executable(), to: URL(fileURLWithPath: scratch.path("ballast")))
    let process = try BallastProcess(["run"], in: scratch, executable: scratch.path("ballast"))
    #expect(process.status == 1 && !process.isKilled)
    for fragment in [scratch.path("ballast"), scratch.path("Examples/Models"), "--model"] {
      #expect(process.errors.contains(fragment), "\(process.errors)")
    }
  }

  @Test(arguments: [
    ["--devices", "0"], ["--lanes", "0"], ["--pairs", "0"], ["--seconds", "0"], ["--seconds", "nan"],
    ["--seed", "-1"], ["--simulated-devices", "0"], ["--resident", "0"], ["--resident", "1.5"],
    ["--resident", "nan"], ["--evicted", "stored"],
  ])
  func contradictionsAreUsageErrors(options: [String]) throws {
    try expectUsageError(["run"] + options, in: Scratch(), naming: [options[0]])
  }
}

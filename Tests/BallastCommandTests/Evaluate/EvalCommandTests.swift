import Foundation
import Testing

@Suite struct EvalCommandTests {
  private struct Figures: Decodable {
    struct Domain: Decodable {
      let bitsPerByte: Double
      let nextByteAccuracy: Double
    }

    let domains: [String: Domain]
    let bytes: Int
    let meanExperts: Double
    let escalatedShare: Double
  }

  /// A tiny model with a context of one sequence, and texts of two domains.
  private func model(sequences: Int = 2, in scratch: Scratch) throws {
    var model = TinyModel()
    model.fields["max_position_embeddings"] = "256"
    try model.write("model", in: scratch)
    for (domain, seed) in [("low", UInt32(1)), ("high", 2)] {
      try scratch.write("model/texts/\(domain).txt", TinyModel.text(sequences * 256 + 40, seed: seed))
    }
  }

  private func figures(_ options: [String], in scratch: Scratch) throws -> Figures {
    try expectDone(["eval", "--model", "model", "--json", "figures.json"] + options, in: scratch)
    return try JSONDecoder().decode(Figures.self, from: Data(scratch.text("figures.json").utf8))
  }

  @Test func storesWhatIsAskedFor() throws {
    let scratch = try Scratch()
    try model(in: scratch)
    let exact = try figures([], in: scratch)
    #expect(Set(exact.domains.keys) == ["low", "high"])
    #expect(exact.bytes == TinyModel.layers * TinyModel.experts * 3 * TinyModel.hidden * TinyModel.inner * 2)
    let low = try figures(["--precision", "int4"], in: scratch)
    #expect(low.bytes < exact.bytes)
    for (domain, score) in exact.domains {
      let other = try #require(low.domains[domain])
      #expect(score.bitsPerByte > 0 && (0...1).contains(score.nextByteAccuracy))
      #expect(other.bitsPerByte != score.bitsPerByte)
    }
  }

  @Test func choosesByTheGateAskedFor() throws {
    let scratch = try Scratch()
    try model(in: scratch)
    let topK = try figures([], in: scratch)
    #expect(topK.meanExperts == 2 && topK.escalatedShare == 0)
    let all = try figures(["--gate", "topp", "--mass", "1"], in: scratch)
    #expect(all.meanExperts == Double(TinyModel.experts))
    let some = try figures(["--gate", "topp", "--mass", "0.5"], in: scratch)
    #expect(some.meanExperts >= 1 && some.meanExperts < all.meanExperts)
    #expect(try figures(["--gate", "topp", "--mass", "0.5"], in: scratch).meanExperts == some.meanExperts)
  }

  /// Escalating none scores as the cheap precision does, escalating all as the checkpoint does.
  @Test func escalatesFromOnePrecisionToTheOther() throws {
    let scratch = try Scratch()
    try model(in: scratch)
    let options = ["--precision", "int4", "--gate", "confidence", "--escalate"]
    let (exact, cheap) = (try figures([], in: scratch), try figures(["--precision", "int4"], in: scratch))
    let (none, all) = (try figures(options + ["0"], in: scratch), try figures(options + ["1"], in: scratch))
    let half = try figures(options + ["0.5"], in: scratch)
    #expect(none.escalatedShare == 0 && all.escalatedShare == 1 && abs(half.escalatedShare - 0.5) < 0.2)
    for domain in ["low", "high"] {
      #expect(none.domains[domain]?.bitsPerByte == cheap.domains[domain]?.bitsPerByte)
      #expect(all.domains[domain]?.bitsPerByte == exact.domains[domain]?.bitsPerByte)
      #expect(half.domains[domain]?.bitsPerByte != exact.domains[domain]?.bitsPerByte)
    }
    #expect(try figures(options + ["0.5"], in: scratch).domains["low"]?.bitsPerByte == half.domains["low"]?.bitsPerByte)
  }

  @Test(arguments: [
    (["--gate", "topq"], "topq"), (["--mass", "0"], "--mass is 0"), (["--mass", "1.5"], "--mass is 1.5"),
    (["--mass", "nan"], "--mass is nan"), (["--escalate", "-0.1"], "--escalate"),
    (["--escalate", "2"], "--escalate is 2"),
    (["--mean-experts", "0"], "--mean-experts is 0"),
    (["--mean-experts", "3", "--step-milliseconds", "1"], "exclude each other"),
  ]) func refusesGatesThatCannotBe(options: [String], naming: String) throws {
    try expectUsageError(["eval"] + options, in: Scratch(), naming: [naming])
  }

  /// What is scored is all there is to calibrate on: the halves are calibrated on each other.
  @Test func fitsOneHalfToTheOther() throws {
    let scratch = try Scratch()
    try model(in: scratch)
    let options = ["--precision", "int4", "--calibration", "model/texts"]
    let plain = try figures(options, in: scratch)
    let weighted = try figures(options + ["--quantizer", "weighted"], in: scratch)
    #expect(plain.bytes == weighted.bytes)
    #expect(plain.domains["low"]?.bitsPerByte != weighted.domains["low"]?.bitsPerByte)
    let again = try figures(options + ["--quantizer", "weighted"], in: scratch)
    #expect(again.domains["low"]?.bitsPerByte == weighted.domains["low"]?.bitsPerByte)
    let chosen = try figures(options + ["--quantizer", "weighted", "--balance", "sequences"], in: scratch)
    #expect(chosen.domains["low"]?.bitsPerByte != weighted.domains["low"]?.bitsPerByte)
  }

  @Test func aMixStaysInsideItsShare() throws {
    let scratch = try Scratch()
    try model(in: scratch)
    try scratch.write("others/one.txt", TinyModel.text(20 * 256, seed: 9))
    let exact = try figures([], in: scratch)
    let mix = try figures(["--memory-share", "0.8", "--calibration", "others"], in: scratch)
    #expect(Double(mix.bytes) <= 0.8 * Double(exact.bytes))
    #expect(Double(mix.bytes) > 0.6 * Double(exact.bytes))
  }

  @Test func refusesWhatCannotBeScored() throws {
    let scratch = try Scratch()
    try model(in: scratch)
    try scratch.write("short/word.txt", Array("a word".utf8))
    try scratch.write("none/readme.md", [])
    let command = ["eval", "--model", "model"]
    try expectRefused(command + ["--text", "nowhere"], in: scratch, naming: ["nowhere"])
    try expectRefused(command + ["--text", "none"], in: scratch, naming: ["none", ".txt"])
    try expectRefused(command + ["--text", "short"], in: scratch, naming: ["word", "6 bytes", "256"])
    try expectRefused(command + ["--memory-share", "0.01"], in: scratch, naming: ["int4", "491"])
    try expectRefused(
      command + ["--precision", "int4", "--quantizer", "weighted", "--calibration", "nowhere"], in: scratch,
      naming: ["nowhere"])
    try expectRefused(command + ["--json", "nowhere/x.json"], in: scratch, naming: ["nowhere"])
    try TinyModel().write("narrow", in: scratch)
    try expectRefused(["eval", "--model", "narrow"], in: scratch, naming: ["16", "256"])
  }

  @Test func refusesToHalveOneSequence() throws {
    let scratch = try Scratch()
    try model(sequences: 1, in: scratch)
    try expectRefused(
      ["eval", "--model", "model", "--memory-share", "0.8", "--calibration", "model/texts"], in: scratch,
      naming: ["16 sequences", "--calibration"])
  }

  @Test func refusesOptionsThatExcludeEachOther() throws {
    let scratch = try Scratch()
    try expectUsageError(
      ["eval", "--precision", "int8", "--memory-share", "0.5"], in: scratch, naming: ["--memory-share"])
    try expectUsageError(["eval", "--precision", "int3"], in: scratch, naming: ["int3"])
    try expectUsageError(["eval", "--memory-share", "0"], in: scratch, naming: ["above 0"])
    try expectUsageError(["eval", "--memory-share", "nan"], in: scratch, naming: ["above 0"])
  }
}

import Foundation
import Testing

@Suite struct RecoveryFigureCommandTests {
  private struct Figures: Decodable {
    struct Tick: Decodable {
      let domain: String
      let bitsPerByte: Double
      let fullBitsPerByte: Double
      let residentExperts: Double
      let substituted: Double
      let stored: Double
    }

    let ticks: [Tick]
    let changeTick: Int
    let recoveryTicks: Int
  }

  private func model(in scratch: Scratch) throws {
    var model = TinyModel()
    model.fields["max_position_embeddings"] = "256"
    try model.write("model", in: scratch)
    for (domain, seed) in [("low", UInt32(1)), ("high", 2)] {
      try scratch.write("model/texts/\(domain).txt", TinyModel.text(2 * 256, seed: seed))
    }
  }

  @Test func followsAChangeOfDomain() throws {
    let scratch = try Scratch()
    try model(in: scratch)
    try expectDone(
      [
        "figure", "recovery", "--model", "model", "--from", "low", "--to", "high", "--ticks", "4", "--evicted",
        "stored", "--json", "figures.json", "--svg", "plot.svg",
      ], in: scratch)
    #expect(try scratch.text("plot.svg").hasPrefix("<svg"))
    let figures = try JSONDecoder().decode(Figures.self, from: Data(scratch.text("figures.json").utf8))
    #expect(figures.ticks.map(\.domain) == Array(repeating: "low", count: 4) + Array(repeating: "high", count: 4))
    #expect(figures.changeTick == 4 && (0...4).contains(figures.recoveryTicks))
    for tick in figures.ticks {
      #expect(tick.residentExperts < 0.5 && tick.residentExperts > 0)
      #expect(tick.stored > 0 && tick.substituted == 0)
      #expect(tick.bitsPerByte == tick.fullBitsPerByte)
    }
  }

  @Test func refusesImpossibleSharesAndUnknownDomains() throws {
    let scratch = try Scratch()
    try model(in: scratch)
    for share in ["0", "1.01", "nan"] {
      try expectUsageError(
        ["figure", "recovery", "--model", "model", "--resident", share], in: scratch, naming: ["--resident is"])
    }
    try expectUsageError(["figure", "recovery", "--ticks", "1"], in: scratch, naming: ["--ticks is 1"])
    try expectRefused(
      ["figure", "recovery", "--model", "model", "--from", "low", "--to", "middle"], in: scratch,
      naming: ["middle", "high, low"])
  }
}

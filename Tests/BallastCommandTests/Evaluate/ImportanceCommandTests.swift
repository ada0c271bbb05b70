import Foundation
import Testing

@Suite struct ImportanceCommandTests {
  private struct Figures: Decodable {
    let leaveOneOut: [[Double]]
    let rankCorrelation: [String: Double]
    let demoted: [String: [Double]]
    let evicted: [String: [Double]]
    let bitsPerByte: Double
  }

  @Test func leavesOutEveryExpertAndDrawsTheCurves() throws {
    let scratch = try Scratch()
    var model = TinyModel()
    model.fields["max_position_embeddings"] = "256"
    try model.write("model", in: scratch)
    for (domain, seed) in [("low", UInt32(1)), ("high", 2)] {
      try scratch.write("model/texts/\(domain).txt", TinyModel.text(6 * 256, seed: seed))
    }
    try expectDone(
      [
        "importance", "--model", "model", "--sequences", "1", "--steps", "2", "--json", "figures.json", "--figure", "one.svg",
        "--eviction-figure", "two.svg",
      ], in: scratch)
    let figures = try JSONDecoder().decode(Figures.self, from: Data(scratch.text("figures.json").utf8))
    #expect(figures.leaveOneOut.count == TinyModel.layers)
    #expect(figures.leaveOneOut.allSatisfy { $0.count == TinyModel.experts })
    #expect(figures.leaveOneOut.joined().contains { $0 != 0 })
    #expect(figures.rankCorrelation.values.allSatisfy { (-1...1).contains($0) })
    for curve in figures.demoted.values {
      // Nothing demoted is the model as it is, and every order ends with all of it.
      #expect(curve.count == 3 && curve[0] == figures.bitsPerByte && curve[2] == figures.demoted["random"]?[2])
    }
    #expect(figures.evicted["importance"]?.count == 2)
    for name in ["one.svg", "two.svg"] {
      #expect(try scratch.text(name).hasPrefix("<svg"))
    }
  }

  @Test func refusesNoSequencesAndNoSteps() throws {
    try expectUsageError(["importance", "--sequences", "0"], in: Scratch(), naming: ["--sequences is 0"])
    try expectUsageError(["importance", "--steps", "0"], in: Scratch(), naming: ["--steps is 0"])
  }
}

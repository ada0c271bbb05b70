import Foundation
import Testing

@Suite struct ResidencyFigureCommandTests {
  private struct Figures: Decodable {
    struct Domain: Decodable {
      let bitsPerByte: Double
      let curves: [String: [Double]]
      let substituted: [Double]
      let stored: Double
      let storedShare: Double
    }

    let fractions: [Double]
    let domains: [String: Domain]
  }

  @Test func ordersExpertsOfEachDomainAndDrawsTheCurves() throws {
    let scratch = try Scratch()
    var model = TinyModel()
    model.fields["max_position_embeddings"] = "256"
    try model.write("model", in: scratch)
    for (domain, seed) in [("low", UInt32(1)), ("high", 2)] {
      try scratch.write("model/texts/\(domain).txt", TinyModel.text(3 * 256, seed: seed))
    }
    let arguments = ["figure", "residency", "--model", "model", "--sequences", "1"]
    let output = try expectDone(
      arguments + ["--demonstrations", "2", "--json", "figures.json", "--svg", "plot.svg"], in: scratch)
    #expect(output.contains("EASY-EP"))
    #expect(try scratch.text("plot.svg").hasPrefix("<svg"))
    let figures = try JSONDecoder().decode(Figures.self, from: Data(scratch.text("figures.json").utf8))
    #expect(figures.domains.count == 2 && figures.fractions.first == 1)
    for domain in figures.domains.values {
      #expect(domain.curves.count == 5)
      for curve in domain.curves.values {
        #expect(curve.count == figures.fractions.count && curve[0] == domain.bitsPerByte)
      }
      #expect(domain.substituted[0] == 0 && domain.substituted.last ?? 0 > 0)
      // Storage serves exactly.
      #expect(domain.stored == domain.bitsPerByte && domain.storedShare > 0)
    }
    try expectRefused(arguments + ["--demonstrations", "3"], in: scratch, naming: ["2 sequences", "--demonstrations"])
  }

  @Test func refusesNoSequences() throws {
    for option in ["--sequences", "--demonstrations"] {
      try expectUsageError(["figure", "residency", option, "0"], in: Scratch(), naming: ["\(option) is 0"])
    }
  }
}

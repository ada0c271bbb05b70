import Foundation
import Testing

@Suite struct PaperCommandTests {
  private struct Figures: Decodable {
    struct Row: Decodable {
      let bytes: Int
      let expertImbalance: Double
      let replicaImbalance: Double
      let deviceImbalance: Double
      let layerMicroseconds: Double
      let bitsPerByte: Double
      let nextByteAccuracy: Double
    }

    let batches: [Int]
    let policies: [String: [Row]]
  }

  /// What holds for every policy, and what the paper says of its own.
  @Test func holdsWhatThePaperSays() throws {
    let scratch = try Scratch()
    var model = TinyModel()
    model.fields["max_position_embeddings"] = "256"
    try model.write("model", in: scratch)
    for (domain, seed) in [("low", UInt32(1)), ("high", 2)] {
      try scratch.write("texts/\(domain).txt", TinyModel.text(8 * 256, seed: seed))
    }
    try expectDone(
      [
        "paper", "--model", "model", "--text", "texts", "--batches", "4,32", "--tokens", "1024", "--json", "paper.json",
        "--figures", ".",
      ], in: scratch)
    let figures = try JSONDecoder().decode(Figures.self, from: Data(scratch.text("paper.json").utf8))
    #expect(figures.batches == [4, 32])
    #expect(
      figures.policies.keys.sorted() == ["demoteOnly", "joint", "original", "quantizeAll", "replicateAndQuantize"])
    let original = try #require(figures.policies["original"])
    for rows in figures.policies.values {
      #expect(rows.count == 2)
      for (row, first) in zip(rows, original) {
        #expect(row.bytes > 0 && row.bytes <= first.bytes)
        #expect(row.layerMicroseconds > 0 && row.bitsPerByte > 0 && (0...1).contains(row.nextByteAccuracy))
        #expect(row.deviceImbalance >= 1 && row.expertImbalance >= 1)
      }
    }
    #expect(original.allSatisfy { $0.replicaImbalance == $0.expertImbalance })
    let published = try #require(figures.policies["replicateAndQuantize"])
    #expect(published[1].replicaImbalance < original[1].replicaImbalance)
    for name in ["replica-imbalance", "layer-time", "quality"] {
      #expect(try scratch.text("\(name).svg").hasPrefix("<svg"))
    }
  }

  @Test(arguments: [["--batches", "4,none"], ["--batches", "0"], ["--devices", "0"], ["--tokens", "0"]])
  func contradictionsAreUsageErrors(options: [String]) throws {
    try expectUsageError(["paper"] + options, in: Scratch(), naming: [options[0]])
  }
}

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

  /// On the bundled model, shortened: what holds for every policy, and what the paper says of its own.
  @Test func holdsWhatThePaperSays() throws {
    let scratch = try Scratch()
    let model =
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().path + "/Examples/Models/bytes-moe-10m"
    for domain in ["c", "german"] {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(model)/texts/\(domain).txt"))
      try scratch.write("texts/\(domain).txt", Array(bytes.prefix(4 * 256)))
    }
    try expectDone(
      [
        "paper", "--model", model, "--text", "texts", "--batches", "4,32", "--tokens", "128", "--json", "paper.json",
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

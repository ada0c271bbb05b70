import Foundation

/// What `meta.json` beside a trace says about the model it was recorded from.
struct TraceDescription: Decodable, Equatable {
  /// Experts in each layer.
  var experts: Int?
  /// Experts each token chooses.
  var expertsPerToken: Int?

  private enum CodingKeys: String, CodingKey {
    case experts
    case expertsPerToken = "topk"
  }

  static let limitBytes = 16 << 20

  /// The description in the folder of `trace`; empty when there is none.
  static func beside(_ trace: String) throws(ArrayError) -> TraceDescription {
    let path = URL(fileURLWithPath: trace).deletingLastPathComponent().appendingPathComponent("meta.json").path
    guard FileManager.default.fileExists(atPath: path) else { return TraceDescription() }
    let content: [UInt8]
    do throws(FileError) {
      content = try WholeFile.read(path, limitBytes: limitBytes)
    } catch {
      throw .file(error)
    }
    let description: TraceDescription
    do {
      description = try JSONDecoder().decode(TraceDescription.self, from: Data(content))
    } catch {
      throw .malformedDescription(
        file: path, problem: "it must be a JSON object, \"experts\" and \"topk\" whole numbers")
    }
    for (key, value) in [("experts", description.experts), ("topk", description.expertsPerToken)] {
      guard (1...65_535).contains(value ?? 1) else {
        throw .malformedDescription(file: path, problem: "\"\(key)\" is \(value ?? 0); allowed is 1 to 65535")
      }
    }
    return description
  }
}

import Foundation

@testable import BallastServing

/// The model of the repository and its reference outputs.
enum BundledModel {
  static let directory: String = {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { url.deleteLastPathComponent() }
    return url.appendingPathComponent("Examples/Models/bytes-moe-10m").path
  }()

  static let domains = ["c", "french", "german", "math", "prose", "python", "swift"]

  /// Unoptimised vector code is some hundred times slower, so such builds look at fewer sequences.
  static var isOptimized: Bool {
    #if DEBUG
      false
    #else
      true
    #endif
  }

  /// Opened once: tests share it and only read it.
  static let checkpoint = Result { try MixtralCheckpoint(directory: directory) }
  static let weights = Result { DecoderWeights(try checkpoint.get()) }
  static let executor = Result { try ReferenceExecutor(try checkpoint.get()) }

  static func text(_ domain: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(directory)/texts/\(domain).txt")))
  }

  struct Reference: Decodable {
    let bits_per_byte: Double
    let next_byte_accuracy: Double
    let predicted_bytes: Int
  }

  static func references() throws -> [String: Reference] {
    let text = try Data(contentsOf: URL(fileURLWithPath: directory + "/reference.json"))
    return try JSONDecoder().decode([String: Reference].self, from: text)
  }

  /// The payload of an array file whose layout the tests know.
  static func array(_ name: String) throws -> [UInt8] {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: directory + "/" + name)))
    return Array(bytes.dropFirst(10 + Int(bytes[8]) + Int(bytes[9]) << 8))
  }
}

import Foundation

/// Array files as NumPy lays them out, written and read here without the code under test.
enum ArrayFile {
  /// Whole numbers in row-major order.
  static func integers(_ values: [Int64], shape: [Int]) -> [UInt8] {
    file("<i8", shape) + values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
  }

  /// Numbers in row-major order.
  static func numbers(_ values: [Double], shape: [Int]) -> [UInt8] {
    file("<f8", shape)
      + values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
  }

  /// A header for elements of `type`.
  static func file(_ type: String, _ shape: [Int]) -> [UInt8] {
    let sizes = shape.map { "\($0)," }.joined(separator: " ")
    let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }\n"
    let count = header.utf8.count
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(count & 255), UInt8(count >> 8)] + Array(header.utf8)
  }

  /// The elements of a file of bytes.
  static func bytes(_ path: String) throws -> [UInt8] {
    let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    return Array(file.dropFirst(10 + Int(file[8]) + Int(file[9]) << 8))
  }
}

/// The trace that comes with the package: ids of 4112 tokens, 26 layers, 6 of 64 experts.
enum BundledTrace {
  static let folder = Repository.folder + "/Examples/Traces/deepseek-v2-lite"
  static let ids = folder + "/intent.ids.npy"
  static let layers = 26
  static let choices = 6
  static let experts = 64

  /// `[layer][expert]` tokens of some rows.
  static func loads(_ elements: [UInt8], rows: Range<Int>) -> [[Int]] {
    var loads = Array(repeating: Array(repeating: 0, count: experts), count: layers)
    for row in rows {
      for layer in 0..<layers {
        for choice in 0..<choices { loads[layer][Int(elements[(row * layers + layer) * choices + choice])] += 1 }
      }
    }
    return loads
  }
}

/// Where the package lies.
enum Repository {
  static let folder: String = {
    var place = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { place.deleteLastPathComponent() }
    return place.path
  }()
}

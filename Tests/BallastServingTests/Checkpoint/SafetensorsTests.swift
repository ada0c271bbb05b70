import Foundation
import Testing

@testable import BallastServing

@Suite struct SafetensorsTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// A file whose header is `header`, padded as it stands, followed by `payload` zero bytes.
  private func file(_ header: String, payload: Int, length: UInt64? = nil) throws -> String {
    let text = Array(header.utf8)
    let count = length ?? UInt64(text.count)
    return try directory.write(
      (0..<8).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) } + text + [UInt8](repeating: 0, count: payload),
      "model.safetensors")
  }

  private func failure(_ header: String, payload: Int = 0, length: UInt64? = nil) throws -> CheckpointError? {
    let path = try file(header, payload: payload, length: length)
    do throws(CheckpointError) {
      _ = try Safetensors(path: path)
      return nil
    } catch {
      #expect(error.description.contains(path))
      return error
    }
  }

  private var path: String { directory.path + "/model.safetensors" }

  @Test func readsEveryTypeExactly() throws {
    let header = """
      {"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},\
      "h":{"dtype":"F16","shape":[1,2],"data_offsets":[4,8]},"f":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}
      """
    let text = Array(header.utf8)
    let bytes: [UInt8] =
      [0x80, 0x3F, 0x20, 0xC0, 0x00, 0x3C, 0x01, 0x00, 0xC3, 0xF5, 0x48, 0x40]
    let count = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> ($0 * 8)) }
    let tensors = try Safetensors(path: try directory.write(count + text + bytes, "model.safetensors")).tensors
    #expect(tensors["b"]?.floats() == [1, -2.5])
    #expect(tensors["h"]?.floats() == [1, 5.960_464_5e-8])
    #expect(tensors["f"]?.floats() == [3.14])
    #expect(tensors["h"]?.shape == [1, 2])
    #expect(tensors.count == 3)
  }

  @Test func shortAndOversizedFiles() throws {
    #expect(throws: CheckpointError.tooShort(file: path, bytes: 0, neededBytes: 1)) {
      try Safetensors(path: try directory.write([UInt8](), "model.safetensors"))
    }
    #expect(throws: CheckpointError.tooShort(file: path, bytes: 7, neededBytes: 8)) {
      try Safetensors(path: try directory.write([UInt8](repeating: 1, count: 7), "model.safetensors"))
    }
    #expect(try failure("{}", length: 3) == .tooShort(file: path, bytes: 10, neededBytes: 11))
    #expect(
      try failure("{}", length: .max)
        == .tooLong(file: path, what: "the header", bytes: .max, limit: Safetensors.headerLimit))
    #expect(try failure("{}", payload: 5) == .trailingBytes(file: path, bytes: 5))
    #expect(try failure("{}") == nil)
  }

  @Test(arguments: [
    "", "{", "[]x", "{\"a\"}", "{\"a\":}", "{\"a\":01}", "{\"a\":\"\u{1}\"}", "nul", "{} {}", "{\"a\":\"\\ud800\"}",
  ])
  func textThatIsNotJSON(header: String) throws {
    guard case .notJSON(path, _, _) = try failure(header) else {
      Issue.record("\(header) was not refused as JSON")
      return
    }
  }

  @Test func nestingIsBounded() throws {
    let error = try failure("{\"a\":" + String(repeating: "[", count: 100_000))
    #expect(error == .notJSON(file: path, byte: 36, reason: "nested deeper than 32"))
  }

  @Test func textThatIsNotUTF8() throws {
    let bytes: [UInt8] = [5, 0, 0, 0, 0, 0, 0, 0] + Array("{\"".utf8) + [0xFF] + Array("\":".utf8)
    #expect(throws: CheckpointError.notJSON(file: path, byte: 4, reason: "a string is not UTF-8")) {
      try Safetensors(path: try directory.write(bytes, "model.safetensors"))
    }
  }

  @Test func aNameThatOccursTwice() throws {
    let entry = "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}"
    #expect(try failure("{\"a\":\(entry),\"a\":\(entry)}", payload: 4) == .duplicate(file: path, name: "a"))
    #expect(try failure("{\"a\":\(entry),\"\\u0061\":\(entry)}", payload: 4) == .duplicate(file: path, name: "a"))
  }

  @Test func fieldsThatAreMissingOrOfAnotherType() throws {
    func entry(_ text: String) throws -> CheckpointError? { try failure("{\"a\":\(text)}", payload: 4) }
    #expect(try entry("3") == .wrongType(file: path, field: "a", expected: "an object"))
    #expect(try entry("{\"shape\":[1],\"data_offsets\":[0,4]}") == .missing(file: path, field: "a.dtype"))
    #expect(
      try entry("{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,4]}")
        == .unsupported(file: path, field: "a.dtype", value: "I64", supported: "BF16, F16, F32"))
    #expect(
      try entry("{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}")
        == .wrongType(file: path, field: "a.shape", expected: "an integer"))
    #expect(
      try entry("{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}")
        == .outOfRange(file: path, field: "a.shape", value: "-1", allowed: "0 to \(Int.max)"))
    #expect(
      try entry("{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,99999999999999999999]}")
        == .outOfRange(
          file: path, field: "a.data_offsets", value: "99999999999999999999", allowed: "0 to \(Int.max)"))
    #expect(
      try entry("{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}")
        == .wrongType(file: path, field: "a.data_offsets", expected: "two integers"))
  }

  @Test func shapesAndOffsetsThatLie() throws {
    func tensor(_ shape: String, _ offsets: String) throws -> CheckpointError? {
      try failure("{\"a\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":\(offsets)}}", payload: 8)
    }
    #expect(try tensor("[2]", "[0,8]") == nil)
    #expect(try tensor("[3]", "[0,12]") == .offsets(file: path, tensor: "a", start: 0, end: 12, limit: 8))
    #expect(try tensor("[1]", "[8,4]") == .offsets(file: path, tensor: "a", start: 8, end: 4, limit: 8))
    #expect(try tensor("[3]", "[0,8]") == .byteCount(file: path, tensor: "a", shapeBytes: 12, offsetBytes: 8))
    let huge = Int.max
    #expect(
      try tensor("[\(huge),\(huge)]", "[0,8]") == .shapeOverflow(file: path, tensor: "a", shape: [huge, huge]))
    #expect(try tensor("[\(huge)]", "[0,8]") == .shapeOverflow(file: path, tensor: "a", shape: [huge]))
    #expect(try tensor("[1]", "[4,8]") == .notContiguous(file: path, tensor: "a", start: 4, previousEnd: 0))
    #expect(try tensor("[1]", "[0,4]") == .trailingBytes(file: path, bytes: 4))
  }

  @Test func tensorsThatOverlap() throws {
    func entry(_ name: String, _ start: Int) -> String {
      "\"\(name)\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[\(start),\(start + 4)]}"
    }
    #expect(
      try failure("{\(entry("a", 0)),\(entry("b", 2))}", payload: 6)
        == .notContiguous(file: path, tensor: "b", start: 2, previousEnd: 4))
    #expect(
      try failure("{\(entry("a", 0)),\(entry("b", 0))}", payload: 4)
        == .notContiguous(file: path, tensor: "b", start: 0, previousEnd: 4))
  }

  @Test func whatIsNotAFile() throws {
    for place in [directory.path, directory.path + "/absent", "/dev/null"] {
      #expect(throws: CheckpointError.self) { try Safetensors(path: place) }
    }
  }

  @Test func everyTruncationOfARealHeaderIsRefused() throws {
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: BundledModel.directory + "/model.safetensors")))
    for length in [8, 9, 1000, 50_863, 50_864, 60_000, whole.count - 1] {
      let path = try directory.write(Array(whole.prefix(length)), "model.safetensors")
      #expect(throws: CheckpointError.self) { try Safetensors(path: path) }
    }
  }
}

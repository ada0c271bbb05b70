import Ballast
import BallastControl
import BallastOperations
import BallastRuntime
import BallastServing
import Foundation

/// The first byte chooses a parser, the rest is what it reads.
///
/// A parser may refuse anything, and must not trap, hang, or read what is not there.
@c(LLVMFuzzerTestOneInput)
public func parse(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  guard let bytes, count > 0 else { return 0 }
  parse(bytes[0], Array(UnsafeBufferPointer(start: bytes + 1, count: count - 1)))
  return 0
}

private func parse(_ choice: UInt8, _ bytes: [UInt8]) {
  switch choice % 9 {
  case 0: _ = try? SettingsText(parsing: String(decoding: bytes, as: UTF8.self)).applied(to: BalancerConfiguration())
  case 1: _ = try? LoadTotals(bytes: sealed(bytes).span)
  case 2: _ = (try? LearnedState(bytes: sealed(bytes).span))?.bytes
  case 3: _ = try? LoadTable(NumericArray(decoding: bytes, source: "array"))
  case 4: inFile(bytes) { _ = try? ConfigurationFile(path: $0) }
  case 5: inFile(bytes) { _ = try? ClusterFile.read($0) }
  case 6: inFile(bytes, readTensors)
  case 7: inFile(bytes) { _ = try? MixtralConfiguration(path: $0) }
  default: inFile(bytes) { _ = try? RoutingTrace.read($0, experts: 64) }
  }
}

private func readTensors(_ path: String) {
  guard let file = try? Safetensors(path: path) else { return }
  for tensor in file.tensors.values where tensor.count < 1 << 16 { _ = tensor.floats() }
}

/// Parsers of files read one that is kept in memory.
private let scratch = "/dev/shm/ballast-fuzz-\(ProcessInfo.processInfo.processIdentifier)"

private func inFile(_ bytes: [UInt8], _ body: (String) -> Void) {
  FileManager.default.createFile(atPath: scratch, contents: Data(bytes))
  body(scratch)
  unlink(scratch)
}

/// The bytes in whole words, with the checksum that seals them: what lies behind it is to be reached.
private func sealed(_ bytes: [UInt8]) -> [UInt8] {
  let content = bytes.prefix(bytes.count / 8 * 8)
  var sum: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in content { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01b3 }
  return content + (0..<8).map { UInt8(truncatingIfNeeded: sum >> (8 * UInt64($0))) }
}

public import BallastRuntime
import Foundation
import Yams

/// A cluster as a file states it: devices with their memory, speed and node, and the links between them.
///
///     linkBandwidth: 50GB        # bytes a second between devices of a node
///     nodeLinkBandwidth: 25GB    # between nodes; the same when left out
///     devices:
///       - {count: 4, memory: 80GiB, speed: 2, node: 0}
///       - {count: 4, memory: 24GiB, node: 1}
///
/// `count` and `speed` are 1 when left out, `node` is 0, `memory` without limit.
public struct ClusterFile: Sendable {
  /// The devices, in the order of the file.
  public let topology: Topology
  /// Bytes a second between devices of one node; nil when the file does not say.
  public let linkBytesPerSecond: Double?
  /// Bytes a second between nodes; nil when the file does not say.
  public let nodeLinkBytesPerSecond: Double?

  /// Most bytes a file may have.
  private static let limitBytes = 1 << 24

  /// Reads a cluster from YAML or JSON.
  ///
  /// - Throws: `ClusterFileError` naming the file, the place in it and what is allowed.
  public static func read(_ path: String) throws(ClusterFileError) -> ClusterFile {
    let bytes: [UInt8]
    do throws(FileError) { bytes = try WholeFile.read(path, limitBytes: limitBytes) } catch { throw .file(error) }
    return try ClusterFile(String(decoding: bytes, as: UTF8.self), file: path)
  }

  /// Takes a cluster from the text of a file.
  init(_ text: String, file: String) throws(ClusterFileError) {
    guard let node = try? compose(yaml: text), let map = node.mapping else {
      throw .malformed(file: file, reason: "it must hold devices as a list")
    }
    try Self.check(map, ["linkBandwidth", "nodeLinkBandwidth", "devices"], "the cluster", file)
    guard let entries = map["devices"]?.sequence, !entries.isEmpty else {
      throw .malformed(file: file, reason: "it must hold devices as a list")
    }
    linkBytesPerSecond = try Self.bytes(map["linkBandwidth"], "linkBandwidth", file).map { Double($0) }
    nodeLinkBytesPerSecond = try Self.bytes(map["nodeLinkBandwidth"], "nodeLinkBandwidth", file).map { Double($0) }
    var devices: [Topology.Device] = []
    for (index, entry) in entries.enumerated() {
      let place = "entry \(index) of devices"
      guard let map = entry.mapping else { throw .malformed(file: file, reason: "\(place) is not a mapping") }
      try Self.check(map, ["count", "memory", "speed", "node"], place, file)
      let device = Topology.Device(
        memoryBytes: try Self.bytes(map["memory"], "memory of \(place)", file) ?? Int.max / 4,
        relativeSpeed: try Self.number(map["speed"], "speed of \(place)", 1e-6...1e6, file) ?? 1,
        node: NodeID(try Self.whole(map["node"], "node of \(place)", 0...65_534, file) ?? 0))
      let count = try Self.whole(map["count"], "count of \(place)", 1...65_535, file) ?? 1
      guard devices.count + count <= 65_535 else { throw .topology(file: file, .deviceCount(devices.count + count)) }
      devices += Array(repeating: device, count: count)
    }
    do throws(TopologyError) { topology = try Topology(devices: devices) } catch {
      throw .topology(file: file, error)
    }
  }

  private static func check(
    _ map: Node.Mapping, _ known: [String], _ place: String, _ file: String
  ) throws(ClusterFileError) {
    for key in map.keys.map({ $0.string ?? "" }) where !known.contains(key) {
      throw .malformed(
        file: file, reason: "\(place) has '\(excerpt(key))'; known are \(known.joined(separator: ", "))")
    }
  }

  private static func bytes(_ node: Node?, _ name: String, _ file: String) throws(ClusterFileError) -> Int? {
    guard let node else { return nil }
    let text = node.string ?? ""
    do throws(UnitError) { return min(try ByteCount(parsing: text).bytes, Int.max / 4) } catch {
      throw .value(file: file, name: name, value: excerpt(text), allowed: "bytes, such as 80GiB")
    }
  }

  private static func number(
    _ node: Node?, _ name: String, _ range: ClosedRange<Double>, _ file: String
  ) throws(ClusterFileError) -> Double? {
    guard let node else { return nil }
    guard let value = Double(node.string ?? ""), range.contains(value) else {
      throw .value(
        file: file, name: name, value: excerpt(node.string ?? ""),
        allowed: "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  private static func whole(
    _ node: Node?, _ name: String, _ range: ClosedRange<Int>, _ file: String
  ) throws(ClusterFileError) -> Int? {
    guard let node else { return nil }
    guard let value = Int(node.string ?? ""), range.contains(value) else {
      throw .value(
        file: file, name: name, value: excerpt(node.string ?? ""),
        allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }
}

/// Why a file does not state a cluster.
public enum ClusterFileError: Error, Hashable, CustomStringConvertible {
  /// The file cannot be read.
  case file(FileError)
  /// The file is built otherwise.
  case malformed(file: String, reason: String)
  /// A value is not one of those allowed.
  case value(file: String, name: String, value: String, allowed: String)
  /// The devices do not form a cluster.
  case topology(file: String, TopologyError)

  /// The fact, with the file.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .malformed(let file, let reason): "\(file): \(reason)"
    case .value(let file, let name, let value, let allowed): "\(file): \(name) is '\(value)'; allowed is \(allowed)"
    case .topology(let file, let error): "\(file): \(error)"
    }
  }
}

import Foundation
import Yams

/// A file by which a serving engine takes over a placement when it starts.
///
/// Engines number the places of a layer across the devices: with s places on each, device d has d · s to d · s + s − 1.
/// They know one precision, and as many places on every device.
public enum PlacementFormat: String, CaseIterable, Sendable {
  /// JSON, an object with `physical_to_logical_map`: a row of expert ids for every layer, dense layers included.
  case sglang
  /// JSON, an array with a row of expert ids for every MoE layer.
  case vllm
  /// YAML, `initial_global_assignments`: a row of expert ids for every MoE layer under the layer's number.
  case trtllm

  /// `[layer][place]`: the expert of each place, devices in order.
  ///
  /// - Parameters:
  ///   - placement: `[layer][device]`: the experts the device holds.
  ///   - precision: `[layer][device]`: the precision of each, by name.
  /// - Returns: The rows.
  /// - Throws: `PlacementFormatError.unevenDevices` or `.mixedPrecision`.
  public static func rows(_ placement: [[[Int]]], precision: [[[String]]]) throws(PlacementFormatError) -> [[Int]] {
    let places = placement.first?.first?.count ?? 0
    for (layer, devices) in placement.enumerated() {
      for (device, experts) in devices.enumerated() where experts.count != places {
        throw .unevenDevices(layer: layer, device: device, replicas: experts.count, expected: places)
      }
    }
    let names = Set(precision.joined().joined()).sorted()
    guard names.count <= 1 else { throw .mixedPrecision(names) }
    return placement.map { Array($0.joined()) }
  }

  /// The file for a placement.
  ///
  /// - Parameters:
  ///   - rows: `[layer][place]`: the expert of each place.
  ///   - experts: Experts in each layer.
  ///   - firstLayer: Dense layers before the first MoE layer, for formats that number all layers.
  /// - Returns: The text of the file.
  public func text(rows: [[Int]], experts: Int, firstLayer: Int) -> String {
    switch self {
    case .sglang:
      // Rows of dense layers are never looked up, but must be there.
      let places = rows.first?.count ?? 0
      let dense = Array(repeating: (0..<places).map { $0 % max(experts, 1) }, count: firstLayer)
      return "{\"physical_to_logical_map\": [\n" + Self.lines(dense + rows) + "\n]}\n"
    case .vllm: return "[\n" + Self.lines(rows) + "\n]\n"
    case .trtllm:
      let layers = rows.enumerated().map { "  \($0.offset + firstLayer): \($0.element)" }
      return "num_slots: \(rows.first?.count ?? 0)\ninitial_global_assignments:\n"
        + layers.joined(separator: "\n") + "\nlayer_updates_per_iter: 0\n"
    }
  }

  /// The rows of a file in any of the formats; nil when it is in none.
  static func rows(in bytes: [UInt8], layers: Int, firstLayer: Int, file: String) throws(PlacementFormatError)
    -> [[Int]]?
  {
    let decoder = JSONDecoder()
    let content = Data(bytes)
    if let map = try? decoder.decode(PhysicalToLogical.self, from: content) {
      guard map.rows.count == layers + firstLayer else {
        throw .rowCount(file: file, rows: map.rows.count, expected: layers + firstLayer)
      }
      return Array(map.rows.dropFirst(firstLayer))
    }
    if let rows = try? decoder.decode([[Int]].self, from: content), !rows.isEmpty {
      guard rows.count == layers else { throw .rowCount(file: file, rows: rows.count, expected: layers) }
      return rows
    }
    guard bytes.first != UInt8(ascii: "{"), bytes.first != UInt8(ascii: "["),
      let assignments = try? YAMLDecoder().decode(Assignments.self, from: content)
    else { return nil }
    var rows: [[Int]] = []
    for layer in 0..<layers {
      guard let row = assignments.rows["\(layer + firstLayer)"] else {
        throw .missingLayer(file: file, layer: layer + firstLayer)
      }
      rows.append(row)
    }
    guard assignments.rows.count == layers else {
      throw .rowCount(file: file, rows: assignments.rows.count, expected: layers)
    }
    return rows
  }

  /// A row of places as the devices that hold them, `[layer][device]`.
  static func devices(_ rows: [[Int]], devices: Int, file: String) throws(PlacementFormatError) -> [[[Int]]] {
    var layers: [[[Int]]] = []
    for (layer, row) in rows.enumerated() {
      guard !row.isEmpty, row.count % devices == 0 else {
        throw .placesDoNotDivide(file: file, layer: layer, places: row.count, devices: devices)
      }
      let places = row.count / devices
      layers.append((0..<devices).map { Array(row[$0 * places..<($0 + 1) * places]) })
    }
    return layers
  }

  private static func lines(_ rows: [[Int]]) -> String { rows.map { "  \($0)" }.joined(separator: ",\n") }

  private struct PhysicalToLogical: Decodable {
    let rows: [[Int]]

    private enum CodingKeys: String, CodingKey {
      case rows = "physical_to_logical_map"
    }
  }

  private struct Assignments: Decodable {
    let rows: [String: [Int]]

    private enum CodingKeys: String, CodingKey {
      case rows = "initial_global_assignments"
    }
  }
}

/// Why a placement is not one an engine could take over, or an engine's file none to start from.
public enum PlacementFormatError: Error, Hashable, CustomStringConvertible {
  /// Engines have equally many places on every device.
  case unevenDevices(layer: Int, device: Int, replicas: Int, expected: Int)
  /// Engines know one precision.
  case mixedPrecision([String])
  /// The file has rows for another number of layers.
  case rowCount(file: String, rows: Int, expected: Int)
  /// The file has no row for a layer.
  case missingLayer(file: String, layer: Int)
  /// The places of a row cannot be shared evenly among the devices.
  case placesDoNotDivide(file: String, layer: Int, places: Int, devices: Int)

  /// The fact, with the values and what to do.
  public var description: String {
    switch self {
    case .unevenDevices(let layer, let device, let replicas, let expected):
      "layer \(layer) has \(replicas) replicas on device \(device) where others have \(expected); engines have as many "
        + "on each, so plan with --copies"
    case .mixedPrecision(let names):
      "the placement mixes \(names.joined(separator: ", ")); engines load one precision, so plan with --copies"
    case .rowCount(let file, let rows, let expected):
      "\(file) has rows for \(rows) layers; \(expected) are expected, dense layers included where the format has them, "
        + "so check --first-layer"
    case .missingLayer(let file, let layer): "\(file) has no row for layer \(layer); check --first-layer"
    case .placesDoNotDivide(let file, let layer, let places, let devices):
      "\(file) has \(places) places in MoE layer \(layer), which \(devices) devices cannot share evenly"
    }
  }
}

public import BallastRuntime
import Foundation

/// A plan as `ballast plan --json` writes it and `--current` reads it.
public struct PlanDocument: Codable, Sendable {
  /// Device imbalance by the split the plan was made for, mean over layers.
  public struct Imbalance: Codable, Sendable {
    /// Of the placement the plan starts from; nil when it starts from nothing.
    public var before: Double?
    /// Of the placement it leads to.
    public var after: Double
    /// `[layer]`, of the placement it leads to.
    public var perLayer: [Double]
    /// What no placement of as many copies goes below, mean over layers; nil in files without it.
    public var lowerBound: Double?

    private enum CodingKeys: String, CodingKey {
      case before
      case after
      case perLayer
      case lowerBound
    }

    /// Writes `before` as null when there is none, so that the key is always there.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(before, forKey: .before)
      try container.encode(after, forKey: .after)
      try container.encode(perLayer, forKey: .perLayer)
      try container.encodeIfPresent(lowerBound, forKey: .lowerBound)
    }

    /// States the imbalances.
    public init(before: Double?, after: Double, perLayer: [Double], lowerBound: Double? = nil) {
      self.before = before
      self.after = after
      self.perLayer = perLayer
      self.lowerBound = lowerBound
    }
  }

  /// `[layer][device]`: the experts the device holds, ascending.
  public var placement: [[[Int]]]
  /// `[layer][device]`: the precision of each, by name.
  public var precision: [[[String]]]
  /// How even the devices are.
  public var deviceImbalance: Imbalance
  /// `[layer][device]`: the device's share of the layer's time.
  public var shares: [[Double]]
  /// `[layer][expert]`: replicas.
  public var replicaCounts: [[Int]]
  /// Replicas put where they were not.
  public var copiesMoved: Int
  /// What changes and why; empty where nothing was there before.
  public var moves: [PlanMove]
  /// Bytes to stage for them.
  public var bytesMoved: Int
  /// Milliseconds to plan, median of repetitions, reading excluded.
  public var planMilliseconds: Double

  /// Describes the plan from one placement to another.
  public init(
    from current: Placement, to target: Placement, before: Double?, perLayer: [Double], lowerBounds: [Double],
    shares: [[Double]], shape: ModelShape, devices: Int, milliseconds: Double,
    moves: [PlanMove] = []
  ) {
    self.moves = moves
    placement = Self.experts(target, devices: devices)
    precision = target.layers.map { layer in
      var held = Array(repeating: [String](), count: devices)
      for replica in layer.replicas { held[replica.device.index].append(replica.precision.description) }
      return held
    }
    let count = Double(max(perLayer.count, 1))
    deviceImbalance = Imbalance(
      before: before, after: perLayer.reduce(0, +) / count, perLayer: perLayer,
      lowerBound: lowerBounds.reduce(0, +) / count)
    self.shares = shares
    replicaCounts = target.layers.map { layer in
      var counts = Array(repeating: 0, count: shape.expertsPerLayer)
      for replica in layer.replicas { counts[replica.expert.index] += 1 }
      return counts
    }
    copiesMoved = current.copiesMoved(to: target)
    bytesMoved = zip(current.layers, target.layers).reduce(0) { sum, pair in
      let before = Set(pair.0.replicas)
      return pair.1.replicas.reduce(sum) { $0 + (before.contains($1) ? 0 : shape.bytesPerExpert[$1.precision]) }
    }
    planMilliseconds = milliseconds
  }

  /// `[layer][device]`: the experts each device holds, ascending.
  public static func experts(_ placement: Placement, devices: Int) -> [[[Int]]] {
    placement.layers.map { layer in
      var held = Array(repeating: [Int](), count: devices)
      for replica in layer.replicas { held[replica.device.index].append(replica.expert.index) }
      return held
    }
  }
}

/// The part of a plan document a new plan starts from.
public struct CurrentPlacement: Decodable, Sendable {
  private let placement: [[[Int]]]
  private let precision: [[[String]]]?

  /// Most bytes a document may have.
  public static let limitBytes = 1 << 30

  /// Reads the placement that `ballast plan --json` wrote, or one in an engine's format.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - shape: The model.
  ///   - topology: The devices.
  ///   - firstLayer: Dense layers before the first MoE layer, for engines' files that number all layers.
  /// - Returns: The placement, checked.
  /// - Throws: `PlanDocumentError` naming the file and what does not fit.
  public static func read(
    _ path: String, shape: ModelShape, topology: Topology, firstLayer: Int = 0
  ) throws(PlanDocumentError) -> Placement {
    let bytes: [UInt8]
    do throws(FileError) { bytes = try WholeFile.read(path, limitBytes: limitBytes) } catch { throw .file(error) }
    let document: CurrentPlacement
    do {
      document = try JSONDecoder().decode(CurrentPlacement.self, from: Data(bytes))
    } catch {
      guard
        let replicas = try engineRows(bytes, path, shape, topology, firstLayer)
      else { throw .malformed(file: path, reason: "it must hold placement as [layer][device][expert]") }
      document = CurrentPlacement(placement: replicas, precision: nil)
    }
    let placement = try document.resolved(file: path, full: shape.fullPrecision)
    do throws(PlacementError) {
      try placement.check(shape: shape, topology: topology)
    } catch {
      throw .invalid(file: path, error)
    }
    return placement
  }

  /// `[layer][device][expert]` of an engine's file; nil when it is none.
  private static func engineRows(
    _ bytes: [UInt8], _ path: String, _ shape: ModelShape, _ topology: Topology, _ firstLayer: Int
  ) throws(PlanDocumentError) -> [[[Int]]]? {
    do throws(PlacementFormatError) {
      let rows = try PlacementFormat.rows(in: bytes, layers: shape.layers, firstLayer: firstLayer, file: path)
      guard let rows else { return nil }
      return try PlacementFormat.devices(rows, devices: topology.devices.count, file: path)
    } catch {
      throw .engine(error)
    }
  }

  private func resolved(file: String, full: Precision) throws(PlanDocumentError) -> Placement {
    var layers: [LayerPlacement] = []
    for (layer, devices) in placement.enumerated() {
      var replicas: [Replica] = []
      for (device, experts) in devices.enumerated() {
        for (place, expert) in experts.enumerated() {
          replicas.append(
            Replica(
              expert: ExpertID(expert), device: DeviceID(device),
              precision: try named(layer, device, place, file: file) ?? full))
        }
      }
      layers.append(LayerPlacement(replicas))
    }
    return Placement(layers: layers)
  }

  private func named(
    _ layer: Int, _ device: Int, _ place: Int, file: String
  ) throws(PlanDocumentError) -> Precision? {
    guard let precision else { return nil }
    guard precision.indices.contains(layer), precision[layer].indices.contains(device),
      precision[layer][device].indices.contains(place)
    else {
      throw .malformed(
        file: file, reason: "precision has another shape than placement at layer \(layer), device \(device)")
    }
    let name = precision[layer][device][place]
    guard let value = Precision(name: name) else {
      throw .malformed(
        file: file,
        reason:
          "precision '\(excerpt(name))' is not one of \(Precision.allCases.map(\.description).joined(separator: ", "))")
    }
    return value
  }
}

/// Why a file is not a placement to start from.
public enum PlanDocumentError: Error, Hashable, CustomStringConvertible {
  /// The file cannot be read.
  case file(FileError)
  /// The file is not what `ballast plan --json` writes.
  case malformed(file: String, reason: String)
  /// The file is an engine's, but does not fit.
  case engine(PlacementFormatError)
  /// The placement does not fit the loads and devices at hand.
  case invalid(file: String, PlacementError)

  /// The fact, with the file.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .malformed(let file, let reason): "\(file): \(reason)"
    case .engine(let error): error.description
    case .invalid(let file, let error): "\(file): \(error)"
    }
  }
}

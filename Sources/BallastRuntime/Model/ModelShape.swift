/// Layers, experts and the bytes an expert takes at each precision.
public struct ModelShape: Hashable, Sendable {
  /// MoE layers; dense layers are not counted.
  public let layers: Int
  /// Experts in each MoE layer.
  public let expertsPerLayer: Int
  /// Experts the gate chooses for one token in one round, at most.
  public let expertsPerToken: Int
  /// Rounds each layer takes over its experts, one after the other; 1 of ordinary layers.
  public let roundsPerLayer: Int
  /// Bytes of one expert's weights and scales, at each precision.
  public let bytesPerExpert: PerPrecision<Int>
  /// The precision the checkpoint stores, which is what "full precision" means for this model.
  public let fullPrecision: Precision

  /// Describes a model.
  ///
  /// - Parameters:
  ///   - layers: MoE layers, 1…65 535.
  ///   - expertsPerLayer: Experts in each layer, 1…65 535.
  ///   - expertsPerToken: 1…`expertsPerLayer`.
  ///   - bytesPerExpert: Bytes of one expert at each precision, each 1…2⁴⁸; all experts together below 2⁶³.
  ///   - fullPrecision: The checkpoint's own precision.
  ///   - roundsPerLayer: Rounds of each layer, 1…64.
  /// - Throws: `ModelShapeError` naming the value and its limits; nothing is left behind.
  public init(
    layers: Int, expertsPerLayer: Int, expertsPerToken: Int, bytesPerExpert: PerPrecision<Int>,
    fullPrecision: Precision, roundsPerLayer: Int = 1
  ) throws(ModelShapeError) {
    try Self.check("layers", layers, 1...65_535)
    try Self.check("expertsPerLayer", expertsPerLayer, 1...65_535)
    try Self.check("expertsPerToken", expertsPerToken, 1...expertsPerLayer)
    try Self.check("roundsPerLayer", roundsPerLayer, Self.roundsAllowed)
    // All experts together must stay countable.
    let mostBytes = min(1 << 48, Int.max / (layers * expertsPerLayer))
    for precision in Precision.allCases {
      try Self.check("bytesPerExpert", bytesPerExpert[precision], 1...mostBytes)
    }
    self.layers = layers
    self.expertsPerLayer = expertsPerLayer
    self.expertsPerToken = expertsPerToken
    self.bytesPerExpert = bytesPerExpert
    self.fullPrecision = fullPrecision
    self.roundsPerLayer = roundsPerLayer
  }

  /// How many rounds a layer may take.
  public static let roundsAllowed = 1...64

  /// Experts of the whole model.
  public var experts: Int { layers * expertsPerLayer }

  /// Bytes all experts take, one copy each, at full precision.
  public var fullBytes: Int { experts * bytesPerExpert[fullPrecision] }

  /// Bytes a replica takes of its device's memory: none when it is stored.
  public func bytes(of replica: Replica) -> Int {
    replica.residency == .stored ? 0 : bytesPerExpert[replica.precision]
  }

  private static func check(
    _ name: String, _ value: Int, _ allowed: ClosedRange<Int>
  ) throws(ModelShapeError) {
    guard allowed.contains(value) else { throw .outOfRange(name: name, value: value, allowed: allowed) }
  }
}

/// Why a model cannot be described.
public enum ModelShapeError: Error, Hashable, CustomStringConvertible {
  /// The named quantity is not in its range.
  case outOfRange(name: String, value: Int, allowed: ClosedRange<Int>)

  /// The fact, with the value and the limits.
  public var description: String {
    switch self {
    case .outOfRange(let name, let value, let allowed):
      "\(name) is \(value); allowed is \(allowed.lowerBound) to \(allowed.upperBound)"
    }
  }
}

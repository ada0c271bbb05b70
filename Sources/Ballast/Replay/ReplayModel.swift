public import BallastRuntime

/// The cluster a trace is replayed on, and what its experts weigh.
public struct ReplayModel: Sendable {
  /// The experts.
  public let shape: ModelShape
  /// The devices.
  public let topology: Topology
  /// Arithmetic alone: a device's time is its tokens, so imbalance is of tokens, and links cost what moving costs.
  public let cost: CostModel
  /// Replicas each layer holds in all; nil lets bytes decide.
  public let copies: Int?

  /// Arithmetic of the simulated device, in floating-point operations a second.
  ///
  /// An accelerator of the H100 class at a sustained 40 % of its dense bfloat16 peak.
  public static let operationsPerSecond = 4e14

  /// A cluster of equal devices.
  ///
  /// - Parameters:
  ///   - layers: MoE layers of the trace.
  ///   - experts: Experts in each layer.
  ///   - devices: Equal devices; `copies` must divide by it.
  ///   - nodes: Nodes that share the devices evenly.
  ///   - copies: Replicas each layer holds in all, at least `experts`, at most `experts · devices`; nil lets bytes decide.
  ///   - expertBytes: Bytes of one expert at full precision, which is bfloat16.
  ///   - linkBytesPerSecond: Bytes a second between two devices.
  ///   - expertsPerToken: Experts each token chooses, 1 where nobody has said.
  /// - Throws: `ReplayError` naming the value and the limit.
  public init(
    layers: Int, experts: Int, devices: Int, nodes: Int = 1, copies: Int?, expertBytes: Int, linkBytesPerSecond: Double,
    expertsPerToken: Int = 1
  ) throws(ReplayError) {
    guard devices > 0, devices <= 65_535 else { throw .devicesOutOfRange(devices) }
    let topology = try Result { () throws(TopologyError) in
      try Topology.uniform(devices: devices, nodes: nodes, memoryBytesPerDevice: Int.max / 4)
    }.mapError { ReplayError.topology($0) }.get()
    try self.init(
      layers: layers, experts: experts, topology: topology, copies: copies, expertBytes: expertBytes,
      linkBytesPerSecond: linkBytesPerSecond, expertsPerToken: expertsPerToken)
  }

  /// A cluster of any devices.
  ///
  /// - Parameters:
  ///   - layers: MoE layers of the trace.
  ///   - experts: Experts in each layer.
  ///   - topology: The devices.
  ///   - copies: As for equal devices; each holds equally many.
  ///   - expertBytes: Bytes of one expert at full precision, which is bfloat16.
  ///   - linkBytesPerSecond: Bytes a second between two devices of a node.
  ///   - nodeLinkBytesPerSecond: Bytes a second between nodes; nil is as fast as within one.
  ///   - expertsPerToken: As for equal devices.
  /// - Throws: `ReplayError` naming the value and the limit.
  public init(
    layers: Int, experts: Int, topology: Topology, copies: Int?, expertBytes: Int, linkBytesPerSecond: Double,
    nodeLinkBytesPerSecond: Double? = nil, expertsPerToken: Int = 1
  ) throws(ReplayError) {
    let devices = topology.devices.count
    let nodeLink = nodeLinkBytesPerSecond ?? linkBytesPerSecond
    guard nodeLink > 0, nodeLink.isFinite else { throw .linkOutOfRange(nodeLink) }
    self.topology = topology
    if let copies {
      guard copies % devices == 0 else { throw .copiesDoNotDivide(copies: copies, devices: devices) }
      guard copies >= experts else { throw .tooFewCopies(copies: copies, experts: experts) }
      guard copies / devices <= experts else { throw .tooManyCopies(copies: copies, most: experts * devices) }
    }
    guard (1...1 << 46).contains(expertBytes) else { throw .expertBytesOutOfRange(expertBytes) }
    guard linkBytesPerSecond > 0, linkBytesPerSecond.isFinite else { throw .linkOutOfRange(linkBytesPerSecond) }
    self.copies = copies
    shape = try Result { () throws(ModelShapeError) in
      try ModelShape(
        layers: layers, expertsPerLayer: experts, expertsPerToken: expertsPerToken,
        bytesPerExpert: PerPrecision { precision in
          max(1, precision == .float32 ? expertBytes * 2 : expertBytes >> (Int(precision.rawValue) - 1))
        }, fullPrecision: .bfloat16)
    }.mapError { ReplayError.shape($0) }.get()
    cost = CostModel(
      activationNanoseconds: PerPrecision(repeating: 0),
      perTokenNanoseconds: PerPrecision(repeating: Double(expertBytes) / Self.operationsPerSecond * 1e9),
      linkBytesPerSecond: linkBytesPerSecond, nodeLinkBytesPerSecond: nodeLink)
  }
}

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

/// Why a trace cannot be replayed as asked.
public enum ReplayError: Error, CustomStringConvertible {
  /// The trace file is not usable.
  case trace(ArrayError)
  /// Files of one replay differ in layers or experts.
  case mixedTraces(file: String, layers: Int, experts: Int, expectedLayers: Int, expectedExperts: Int)
  /// Batches were asked for on a trace of counts.
  case batchesOfCounts(file: String)
  /// Fewer than two windows: nothing to judge.
  case tooFewWindows(files: [String], windows: Int, rowsPerWindow: Int, rows: [Int])
  /// The device count is impossible.
  case devicesOutOfRange(Int)
  /// Copies cannot be shared evenly.
  case copiesDoNotDivide(copies: Int, devices: Int)
  /// Not every expert gets a copy.
  case tooFewCopies(copies: Int, experts: Int)
  /// A device would hold an expert twice.
  case tooManyCopies(copies: Int, most: Int)
  /// An expert's size is impossible.
  case expertBytesOutOfRange(Int)
  /// The link speed is impossible.
  case linkOutOfRange(Double)
  /// The model is impossible.
  case shape(ModelShapeError)
  /// The devices are impossible.
  case topology(TopologyError)
  /// The balancer could not be made.
  case balancer(String)

  /// The fact, with the value, the limit and what to do.
  public var description: String {
    switch self {
    case .trace(let error): error.description
    case .mixedTraces(let file, let layers, let experts, let expectedLayers, let expectedExperts):
      "\(file) has \(layers) layers of \(experts) experts, the traces before it \(expectedLayers) of \(expectedExperts)"
    case .batchesOfCounts(let file): "\(file) holds counts, which have no batches; leave --batch out"
    case .tooFewWindows(let files, let windows, let rowsPerWindow, let rows):
      "\(files.joined(separator: ", ")) of \(rows.map(String.init).joined(separator: ", ")) rows: "
        + "\(windows) whole windows of \(rowsPerWindow); at least 2 are needed, so take a smaller --window"
    case .devicesOutOfRange(let devices): "\(devices) devices; allowed is 1 to 65535"
    case .copiesDoNotDivide(let copies, let devices):
      "\(copies) copies cannot be shared evenly by \(devices) devices; take a multiple of \(devices)"
    case .tooFewCopies(let copies, let experts):
      "\(copies) copies for \(experts) experts; each needs one, so take at least \(experts)"
    case .tooManyCopies(let copies, let most):
      "\(copies) copies would put an expert on a device twice; at most \(most) fit"
    case .expertBytesOutOfRange(let bytes): "an expert of \(bytes) bytes; allowed is 1 to \(1 << 46)"
    case .linkOutOfRange(let speed): "a link of \(speed) bytes a second; it must be above 0"
    case .shape(let error): error.description
    case .topology(let error): error.description
    case .balancer(let reason): reason
    }
  }
}

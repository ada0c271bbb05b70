public import BallastRuntime
import Synchronization

/// An executor that is a cluster you control: it computes no numbers, but keeps a clock and its memory exactly.
///
/// Time is virtual and passes only by `execute`, by the cost law the cluster was given. Staging runs beside it and
/// finishes at once in real time. Whatever looks random comes from the seed.
public final class SimulatedCluster: ExpertExecutor {
  /// The model it pretends to hold the experts of.
  public let shape: ModelShape
  /// Its devices.
  public let topology: Topology
  /// The cost law its clock follows, which `calibrate` returns.
  public let cost: CostModel
  /// Every precision there is.
  public let precisions = Precision.allCases
  /// Whether it computes stored replicas.
  public let storesExperts: Bool

  private let seed: UInt64
  private let state: Mutex<ClusterState>

  /// A cluster with nothing staged, at time 0.
  public init(shape: ModelShape, topology: Topology, cost: CostModel, seed: UInt64, storesExperts: Bool = true) {
    self.shape = shape
    self.topology = topology
    self.cost = cost
    self.storesExperts = storesExperts
    self.seed = seed
    state = Mutex(ClusterState(layers: shape.layers, devices: topology.devices.count, seed: seed))
  }

  /// What it has done so far.
  public var readings: ClusterReadings { state.withLock { $0.readings } }

  /// Bytes in use now, per device; a simulated allocator has no overhead.
  public var memory: [DeviceMemory] { state.withLock { $0.memory } }

  /// Makes something go wrong from now on.
  public func inject(_ fault: SimulatedFault) { state.withLock { $0.inject(fault) } }

  /// Brings a lost device back, with the replicas it held.
  public func restore(_ device: DeviceID) { state.withLock { $0.restore(device) } }

  /// Puts an empty device in the place of a lost one: the replicas it held are gone.
  public func replace(_ device: DeviceID) { state.withLock { $0.replace(device) } }

  /// Returns the cost law the cluster was given.
  public func calibrate() async throws(StagingError) -> CostModel { cost }

  /// Takes the replica's memory and brings its bytes over the link, in virtual time beside serving; a stored one has
  /// none.
  ///
  /// - Throws: `StagingError.outOfMemory`, `.deviceLost`, `.badWeights` for an expert the model does not have,
  ///   `.storageUnsupported`, `.cancelled`, or what an injected fault says; nothing is left on the device.
  public func stage(_ replica: Replica, layer: LayerID) async throws(StagingError) -> StagedReplica {
    guard (0..<shape.layers).contains(layer.index), (0..<shape.expertsPerLayer).contains(replica.expert.index) else {
      throw .badWeights(
        layer: layer, expert: replica.expert,
        reason: "the model has \(shape.layers) layers of \(shape.expertsPerLayer) experts")
    }
    guard storesExperts || replica.residency == .resident else { throw .storageUnsupported }
    let bytes = shape.bytes(of: replica)
    let admission = try state.withLock { (state) throws(StagingError) in
      try state.admit(bytes: bytes, on: replica.device, of: topology)
    }
    if let error = await failure(admission) {
      state.withLock { $0.free(bytes: bytes, on: replica.device) }
      throw error
    }
    let transfer = cost.transferNanoseconds(bytes: bytes, from: replica.device, to: replica.device, in: topology)
    let error = relativeError(layer, replica.expert, replica.precision)
    return state.withLock { state in
      state.enter(
        { StagedReplica(layer: layer, replica: replica, handle: $0, bytes: bytes, relativeError: error) },
        transferNanoseconds: transfer)
    }
  }

  /// Gives back the memory of a replica; one that is not staged is let be.
  public func retire(_ replica: StagedReplica) async { state.withLock { $0.leave(replica) } }

  /// Lets the layer's time pass and sets `output` to 0.
  ///
  /// The layer takes the longest of its devices; a borrowed run also pays its bytes over the link. A sample gets
  /// norms that depend on layer, expert and row, and the staged error of every replica below full precision.
  ///
  /// - Throws: `ExecutionError`; no time has passed then.
  public func execute(
    _ dispatch: borrowing Dispatch, layer: LayerID, input: Span<Float>, output: inout MutableSpan<Float>,
    sample: inout ExecutionSample?
  ) throws(ExecutionError) {
    try check(dispatch, layer, inputs: input.count, outputs: output.count)
    let dispatch = copy dispatch
    let shadows = try state.withLock { (state) throws(ExecutionError) in
      try run(dispatch, layer, &state)
    }
    for index in output.indices { output[index] = 0 }
    guard sample != nil else { return }
    sample?.shadows = shadows
    sample?.norms = norms(dispatch, layer)
  }
}

extension SimulatedCluster {
  /// How an admitted staging fails; nil when it does not.
  private func failure(_ admission: ClusterState.Admission) async -> StagingError? {
    switch admission {
    case .proceeds: return Task.isCancelled ? .cancelled : nil
    case .fails(let error): return error
    case .hangs:
      while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
      return .cancelled
    }
  }

  private func check(
    _ dispatch: borrowing Dispatch, _ layer: LayerID, inputs: Int, outputs: Int
  ) throws(ExecutionError) {
    guard (0..<shape.layers).contains(layer.index) else {
      throw .layerOutOfRange(layer: layer, layers: shape.layers)
    }
    let tokens = dispatch.tokenCount
    let hidden = tokens > 0 ? inputs / tokens : 0
    guard inputs == tokens * hidden else {
      throw .wrongLength(name: "input", count: inputs, expected: tokens * hidden)
    }
    guard outputs == inputs else { throw .wrongLength(name: "output", count: outputs, expected: inputs) }
  }

  /// Advances the clock by one layer and returns what low precision costs in it.
  private func run(
    _ dispatch: Dispatch, _ layer: LayerID, _ state: inout ClusterState
  ) throws(ExecutionError) -> [ExecutionSample.Shadow] {
    var times = Array(repeating: 0.0, count: topology.devices.count)
    var shadows: [ExecutionSample.Shadow] = []
    var borrowedBytes = 0
    for run in dispatch.runs {
      guard let staged = state.replica(run.handle), staged.layer == layer, staged.replica.expert == run.expert,
        staged.replica.device == run.home, topology.devices.indices.contains(run.device.index)
      else { throw .unknownReplica(handle: run.handle) }
      for device in [run.home, run.device] where state.isLost(device) { throw .deviceLost(device) }
      let perToken = cost.perTokenNanoseconds[staged.replica.precision]
      let work = cost.activationNanoseconds(of: staged.replica) + Double(run.entries.count) * perToken
      times[run.device.index] += work / topology[run.device].relativeSpeed
      if run.home != run.device {
        times[run.device.index] += cost.transferNanoseconds(
          bytes: staged.bytes, from: run.home, to: run.device, in: topology)
        borrowedBytes += staged.bytes
      }
      if staged.relativeError > 0 {
        shadows.append(ExecutionSample.Shadow(expert: run.expert, relativeError: staged.relativeError))
      }
    }
    state.advance(layer, deviceTimes: times, borrowedBytes: borrowedBytes)
    return shadows
  }

  /// `[entry]`: around 1, larger for some experts than for others.
  private func norms(_ dispatch: Dispatch, _ layer: LayerID) -> [Float] {
    var norms = Array(repeating: Float(0), count: dispatch.rows.count)
    for run in dispatch.runs {
      var ofExpert = SplitMix64(seed: seed, layer.index, run.expert.index)
      let typical = 0.25 + 1.5 * ofExpert.fraction()
      for entry in run.entries {
        var ofRow = SplitMix64(seed: seed, layer.index, run.expert.index, Int(dispatch.rows[entry]))
        norms[entry] = Float(typical * (0.9 + 0.2 * ofRow.fraction()))
      }
    }
    return norms
  }

  /// What rounding this expert costs: around the precision's typical error, 0 at full precision and above.
  private func relativeError(_ layer: LayerID, _ expert: ExpertID, _ precision: Precision) -> Double {
    guard !precision.satisfies(shape.fullPrecision) else { return 0 }
    let typical =
      switch precision {
      case .float32: 0.0
      case .bfloat16: 0.002
      case .int8: 0.01
      case .int4: 0.1
      }
    var random = SplitMix64(seed: seed, layer.index, expert.index, Int(precision.rawValue))
    return typical * (0.5 + random.fraction())
  }
}

public import BallastRuntime
import CBallastKernels
import Synchronization

/// Computes experts on this machine's cores.
///
/// A device is a group of workers pinned to cores, with an arena of its own that holds only its replicas; only its
/// cores compute its runs. Tokens of a run are computed as matrices. At every precision an expert's output for a
/// token is the same bit for bit whichever device computes it and whichever tokens are beside it.
///
/// Letting go of the executor waits for its threads and frees everything.
public final class CPUExecutor: ExpertExecutor {
  // Concurrency:
  // - Serving threads fill a pooled batch, hand each device its share and sleep until the last is done.
  // - One background thread stages; replicas are published to its table after their last byte.
  // - The devices' threads hold their own queues, never the executor, so that letting go of it ends them.

  /// The model whose experts it computes.
  public let shape: ModelShape
  /// Equal devices of one node.
  public let topology: Topology
  /// The sizes of its experts.
  public let dimensions: ExpertDimensions

  /// Tokens its experts have met on sampled batches.
  public let calibration: CalibrationReservoir

  let stager: ReplicaStager
  /// The core of the first device's first worker.
  var firstCore: Int { firstCores[0] }

  /// `[device]`: the core of its first worker.
  private let firstCores: [Int]

  private let exact: ExactExpert
  let stored: StoredExperts
  private let workers: [DeviceWorkers]
  private let threads: [WorkerThread]
  private let idleBatches = Mutex<[Batch]>([])
  private let spoiledRows = Atomic<Int>(0)
  private let shadowTurn: Atomic<UInt64>

  /// Starts the devices' workers and the staging thread.
  ///
  /// - Parameters:
  ///   - source: Where staging reads weights.
  ///   - shape: The model, as `ExpertDimensions.modelShape` makes it.
  ///   - dimensions: The sizes of its experts.
  ///   - configuration: Devices, their memory and cores.
  ///   - calibration: What experts have met before, to go on from; nil begins with nothing.
  /// - Throws: `CPUExecutorError`; nothing is left running then.
  public init(
    source: any ExpertWeightSource, shape: ModelShape, dimensions: ExpertDimensions,
    configuration: CPUExecutorConfiguration, calibration: CalibrationReservoir? = nil
  ) throws(CPUExecutorError) {
    try Self.check(source: source, shape: shape, dimensions: dimensions, configuration: configuration)
    let cores = try Self.cores(configuration)
    do {
      topology = try Topology.uniform(
        devices: configuration.devices, memoryBytesPerDevice: configuration.memoryBytesPerDevice)
    } catch {
      throw .topology(error)
    }
    self.shape = shape
    self.dimensions = dimensions
    firstCores = cores.map { $0[0] }
    self.calibration =
      calibration
      ?? CalibrationReservoir(
        shape: shape, dimensions: dimensions, limitBytes: configuration.calibrationBytes, seed: configuration.seed)
    // Turns of one seed must not meet those of the next.
    var first = SplitMix64(seed: configuration.seed)
    shadowTurn = Atomic(first.next())
    let reader = ExpertReader(source: source, dimensions: dimensions)
    exact = ExactExpert(reader: reader)
    stored = StoredExperts(reader: reader, precision: shape.fullPrecision)
    var arenas: [DeviceArena] = []
    for device in 0..<configuration.devices {
      arenas.append(try DeviceArena(device: DeviceID(device), limitBytes: configuration.memoryBytesPerDevice))
    }
    stager = ReplicaStager(
      shape: shape, dimensions: dimensions, sourcePrecision: source.precision, arenas: arenas, stored: stored,
      table: ReplicaTable(capacity: Self.mostReplicas(shape, configuration)),
      packer: ReplicaPacker(reader: reader, quantizer: configuration.quantizer, calibration: self.calibration),
      thread: StagingThread(bytesPerSecond: configuration.stagingBytesPerSecond))
    workers = cores.map { DeviceWorkers(cores: $0) }
    threads = try Self.start(workers, on: cores, staging: stager.thread, dimensions: dimensions)
  }

  deinit {
    Self.end(workers, stager.thread, threads)
  }

  /// All of them; int8 and int4 with a scale for each 32 weights.
  public var precisions: [Precision] { ReplicaStager.precisions }

  /// Stored replicas are packed from the source for each run that meets them, into a room that every thread which has
  /// computed one keeps: one expert at full precision, beside the bytes of devices.
  public var storesExperts: Bool { true }

  /// Bytes in use on each device; the checkpoint the source maps is not counted.
  public var memory: [DeviceMemory] { stager.arenas.map(\.memory) }

  /// Output rows so far that held an infinity or NaN, because their input did or because a sum overflowed.
  ///
  /// Such a row spoils no other.
  public var rowsNotFinite: Int { spoiledRows.load(ordering: .relaxed) }

  /// The most bytes a second staging writes; nil for as fast as it can.
  ///
  /// Takes effect at once.
  public var stagingBytesPerSecond: Int? {
    get { stager.thread.bytesPerSecond }
    set { stager.thread.bytesPerSecond = newValue }
  }

  /// Keeps the calling thread on the core of a device's first worker.
  ///
  /// For a serving thread that has no other work while it waits for the devices: waking on the same core is quicker,
  /// and cores that no device uses stay free for staging.
  ///
  /// - Returns: Whether it could be done; not when there is no such device, or the core was taken away.
  public func keepCallingThread(on device: DeviceID) -> Bool {
    firstCores.indices.contains(device.index) && ballast_pin_to_core(firstCores[device.index]) == 0
  }

  // MARK: Serving

  /// Computes a dispatched batch; see `ExpertExecutor`.
  ///
  /// - Throws: `ExecutionError`; `output` is then unspecified.
  /// - Complexity: Blocks until the devices are done; allocates only beyond the largest batch seen.
  public func execute(
    _ dispatch: borrowing Dispatch, layer: LayerID, input: Span<Float>, output: inout MutableSpan<Float>,
    sample: inout ExecutionSample?
  ) throws(ExecutionError) {
    try check(dispatch.tokenCount, layer: layer, input: input.count, output: output.count)
    let batch = idleBatches.withLock { $0.popLast() } ?? Batch(devices: workers.count, stored: stored)
    defer { idleBatches.withLock { $0.append(batch) } }
    try fill(batch, dispatch, layer: layer)
    let rows = dispatch.rows
    // Safety: input and rows stay in place while `compute` waits for the workers.
    try unsafe input.withUnsafeBufferPointer { input throws(ExecutionError) in
      try unsafe rows.withUnsafeBufferPointer { rows throws(ExecutionError) in
        try unsafe batch.compute(on: workers, input: input.baseAddress, rows: rows.baseAddress)
      }
    }
    combine(batch, dispatch, into: &output)
    if var filled = sample.take() {
      measure(batch, dispatch, layer: layer, input: input, into: &filled)
      sample = filled
    }
  }

  private func check(_ tokens: Int, layer: LayerID, input: Int, output: Int) throws(ExecutionError) {
    guard (0..<shape.layers).contains(layer.index) else { throw .layerOutOfRange(layer: layer, layers: shape.layers) }
    let expected = tokens * dimensions.hidden
    guard input == expected else { throw .wrongLength(name: "input", count: input, expected: expected) }
    guard output == expected else { throw .wrongLength(name: "output", count: output, expected: expected) }
  }

  /// Looks up every run's weights and deals the runs to their devices.
  private func fill(_ batch: Batch, _ dispatch: borrowing Dispatch, layer: LayerID) throws(ExecutionError) {
    batch.begin(entries: dispatch.rows.count)
    for run in dispatch.runs {
      guard (0..<workers.count).contains(run.device.index) else { throw .deviceLost(run.device) }
      // Safety: a replica a table names stays staged while a lane uses the table.
      guard let packed = unsafe stager.table.find(run.handle), unsafe packed.pointee.layer == layer,
        unsafe packed.pointee.replica.expert == run.expert
      else { throw .unknownReplica(handle: run.handle) }
      if unsafe packed.pointee.replica.residency == .stored { batch.meetsStored = true }
      unsafe batch.shares[run.device.index].runs.append(
        DeviceShare.Run(
          weights: packed.pointee.weights, entries: run.entries,
          stored: packed.pointee.replica.residency == .resident
            ? nil : StoredReplica(layer: layer, expert: run.expert)))
    }
  }

  /// output[token] = Σ gate · expert output, in the order of the token's choices.
  private func combine(_ batch: Batch, _ dispatch: borrowing Dispatch, into output: inout MutableSpan<Float>) {
    let hidden = dimensions.hidden
    let tokens = dispatch.tokenCount
    let (starts, order, gates) = (dispatch.assignmentStarts, dispatch.entryOfAssignment, dispatch.gates)
    // Safety: the dispatch's order and starts are within its entries; the output was checked to be tokens × hidden.
    unsafe output.withUnsafeMutableBufferPointer { output in
      guard let sums = output.baseAddress else { return }
      unsafe order.withUnsafeBufferPointer { order in
        unsafe gates.withUnsafeBufferPointer { gates in
          for token in 0..<tokens {
            let first = Int(starts[token])
            let isFinite = unsafe Kernels.current.combine(
              batch.entries, batch.stride, order.baseAddress.map { unsafe $0 + first }, gates.baseAddress,
              Int(starts[token + 1]) - first, sums + token * hidden, hidden)
            if isFinite == 0 { spoiledRows.add(1, ordering: .relaxed) }
          }
        }
      }
    }
  }

  // MARK: Sampling

  /// Fills in the norms of all entries and one shadow.
  private func measure(
    _ batch: Batch, _ dispatch: borrowing Dispatch, layer: LayerID, input: Span<Float>,
    into sample: inout ExecutionSample
  ) {
    sample.norms.removeAll(keepingCapacity: true)
    sample.shadows.removeAll(keepingCapacity: true)
    for entry in 0..<dispatch.rows.count {
      // Safety: entries are `dispatch.rows.count` rows of `stride` floats, whole vectors; what pads a row is 0.
      let row = unsafe UnsafeRawPointer(batch.entries + entry * batch.stride)
      var sums = SIMD16<Float>.zero
      for column in stride(from: 0, to: batch.stride, by: 16) {
        let values = unsafe row.load(fromByteOffset: column * 4, as: SIMD16<Float>.self)
        sums += values * values
      }
      sample.norms.append(sums.sum().squareRoot())
    }
    if let shadow = shadow(batch, dispatch, layer: layer, input: input) { sample.shadows.append(shadow) }
    keep(dispatch, layer: layer, input: input)
  }

  /// Offers the tokens to the calibration.
  private func keep(_ dispatch: borrowing Dispatch, layer: LayerID, input: Span<Float>) {
    let hidden = dimensions.hidden
    for run in dispatch.runs {
      for entry in run.entries {
        let first = Int(dispatch.rows[entry]) * hidden
        calibration.offer(
          input.extracting(first..<first + hidden), gate: dispatch.gates[entry], layer: layer, expert: run.expert)
      }
    }
  }

  /// Recomputes one low-precision entry exactly; which one, changes from sample to sample.
  private func shadow(
    _ batch: Batch, _ dispatch: borrowing Dispatch, layer: LayerID, input: Span<Float>
  ) -> ExecutionSample.Shadow? {
    let candidates = dispatch.runs.count { !stager.isExact($0.precision) }
    guard candidates > 0 else { return nil }
    var random = SplitMix64(seed: shadowTurn.add(1, ordering: .relaxed).newValue)
    var chosen = Int(random.next() % UInt64(candidates))
    for run in dispatch.runs where !stager.isExact(run.precision) && !run.entries.isEmpty {
      if chosen > 0 {
        chosen -= 1
        continue
      }
      let entry = run.entries.lowerBound + Int(random.next() % UInt64(run.entries.count))
      return compare(entry, run.expert, batch, row: Int(dispatch.rows[entry]), layer: layer, input: input)
    }
    return nil
  }

  private func compare(
    _ entry: Int, _ expert: ExpertID, _ batch: Batch, row: Int, layer: LayerID, input: Span<Float>
  ) -> ExecutionSample.Shadow? {
    let hidden = dimensions.hidden
    // Safety: the row is one of the input's; weights that cannot be read give no shadow.
    let exactOutput = unsafe input.withUnsafeBufferPointer { input -> [Float]? in
      guard let start = input.baseAddress else { return nil }
      return try? unsafe exact.outputs(layer: layer, expert: expert, input: start + row * hidden, count: 1)
    }
    guard let exactOutput else { return nil }
    var error = RelativeError()
    for column in 0..<hidden {
      error.add(unsafe batch.entries[entry * batch.stride + column], exact: exactOutput[column])
    }
    return error.value.map { ExecutionSample.Shadow(expert: expert, relativeError: $0) }
  }
}

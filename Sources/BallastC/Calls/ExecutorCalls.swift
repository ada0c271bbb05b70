import BallastCPU
import BallastRuntime
public import CBallast

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Makes an executor; see `ballast.h`.
@c @implementation
public func ballast_executor_create(
  _ options: UnsafePointer<ballast_executor_options>!, _ executor: UnsafeMutablePointer<ballast_executor>!
) -> ballast_status {
  // Safety: both pointers are checked before they are followed.
  answer { () throws(Refusal) in
    let result = unsafe try writable(executor, "executor")
    let made = try unsafe read(options).executor()
    unsafe result.pointee = Registry.executors.add(made)
  }
}

extension ballast_executor_options {
  fileprivate func executor() throws(Refusal) -> SharedExecutor {
    guard (1...1024).contains(devices) else { throw .badValue("devices is \(devices); allowed is 1 to 1024") }
    let precision = try Precision(checked: full_precision, "full_precision")
    return try refusing(BALLAST_BAD_VALUE) { () throws(CPUExecutorError) in
      let dimensions = try ExpertDimensions(hidden: Int(hidden), inner: Int(inner))
      let shape = try dimensions.modelShape(
        layers: Int(layers), expertsPerLayer: Int(experts_per_layer), expertsPerToken: Int(experts_per_token),
        fullPrecision: precision)
      let weights = LoadedWeights(shape: shape, precision: precision, hidden: Int(hidden), inner: Int(inner))
      // Half more than an even share of one copy of everything, and room to stage.
      let share = shape.fullBytes / Int(devices)
      let memory =
        memory_bytes_per_device > 0
        ? Int(clamping: memory_bytes_per_device)
        : share + share / 2 + 4 * shape.bytesPerExpert[precision] * shape.layers
      let executor = try CPUExecutor(
        source: weights, shape: shape, dimensions: dimensions,
        configuration: CPUExecutorConfiguration(devices: Int(devices), memoryBytesPerDevice: memory))
      return SharedExecutor(executor, weights: weights)
    }
  }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Names the weights of one expert; see `ballast.h`.
@c @implementation
public func ballast_executor_load(
  _ executor: ballast_executor, _ layer: UInt32, _ expert: UInt32, _ gate: UnsafeRawPointer!, _ up: UnsafeRawPointer!,
  _ down: UnsafeRawPointer!
) -> ballast_status {
  // Safety: the pointers are checked to be there; the caller states that they stay.
  answer { () throws(Refusal) in
    let shared = try Registry.executors.find(executor)
    let shape = shared.executor.shape
    guard layer < shape.layers else { throw .badValue("layer is \(layer); the model has \(shape.layers)") }
    guard expert < shape.expertsPerLayer else {
      throw .badValue("expert is \(expert); a layer has \(shape.expertsPerLayer)")
    }
    guard let gate = unsafe gate, let up = unsafe up, let down = unsafe down else {
      throw .badPointer("a matrix of expert \(expert) in layer \(layer) is null")
    }
    unsafe shared.weights.load(LayerID(Int(layer)), ExpertID(Int(expert)), gate: gate, up: up, down: down)
  }
}

/// Lets an executor go; see `ballast.h`.
@c @implementation
public func ballast_executor_destroy(_ executor: ballast_executor) -> ballast_status {
  answer { () throws(Refusal) in _ = try Registry.executors.remove(executor) }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Makes a balancer in executor mode; see `ballast.h`.
@c @implementation
public func ballast_balancer_create_on(
  _ executor: ballast_executor, _ settings: UnsafePointer<CChar>!, _ balancer: UnsafeMutablePointer<ballast_balancer>!
) -> ballast_status {
  // Safety: the pointers are checked before they are followed.
  answer { () throws(Refusal) in
    let result = unsafe try writable(balancer, "balancer")
    let shared = try Registry.executors.find(executor)
    let configuration = try unsafe read(settings: settings)
    guard shared.weights.missing == 0 else {
      throw .badValue("\(shared.weights.missing) experts have no weights; load every expert first")
    }
    let made = try make(on: shared.executor, configuration, cost: nil, placement: nil)
    unsafe result.pointee = Registry.sessions.add(
      Session(
        balancer: made, shape: shared.executor.shape, advised: nil, turn: Monitor(Turn()), configuration: configuration,
        executor: shared))
  }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Counts, dispatches and computes a batch; see `ballast.h`.
@c @implementation
public func ballast_lane_forward(
  _ lane: ballast_lane, _ layer: UInt32, _ selection: UnsafePointer<ballast_selection>!, _ input: UnsafePointer<Float>!,
  _ residual: UnsafePointer<Float>!, _ output: UnsafeMutablePointer<Float>!
) -> ballast_status {
  // Safety: every pointer is checked before it is followed.
  answer { () throws(Refusal) in
    let selection = unsafe try read(selection)
    try Registry.lanes.with(lane) { lane throws(Refusal) in
      try lane.checkOpen()
      guard let executor = lane.session.executor?.executor else {
        throw Refusal(BALLAST_WRONG_MODE, "the balancer is in advice mode: the engine computes")
      }
      unsafe try lane.copy(selection)
      let count = unsafe Int(selection.tokens) * executor.dimensions.hidden
      var stream: Span<Float>?
      if let residual = unsafe residual { stream = unsafe try elements(residual, count, "residual").span }
      let read = unsafe try elements(input, count, "input")
      _ = unsafe try elements(UnsafePointer(output), count, "output")
      var written = unsafe UnsafeMutableBufferPointer(start: output, count: count).mutableSpan
      do throws(ExecutionError) {
        try lane.lane.serve(
          lane.selection, layer: LayerID(Int(layer)), input: unsafe read.span, residual: stream, output: &written)
      } catch {
        switch error {
        case .layerOutOfRange, .roundOutOfRange, .expertCount, .wrongLength: throw .badValue("\(error)")
        default: throw Refusal(BALLAST_EXECUTION_FAILED, "\(error)")
        }
      }
    }
  }
}

extension ServedLane {
  /// Copies a selection for the executor.
  fileprivate func copy(_ given: ballast_selection) throws(Refusal) {
    // Safety: the selection's arrays are checked where they are read.
    guard unsafe given.mask == nil else { throw .badValue("mask is given; a batch that is computed takes none") }
    guard unsafe given.gates != nil else { throw .badPointer("gates is null; a batch that is computed needs them") }
    var scratch: [TokenTraits] = []
    swap(&scratch, &traits)
    defer { swap(&scratch, &traits) }
    var copied = Selection(expertsPerLayer: 0)
    swap(&copied, &selection)
    defer { swap(&copied, &selection) }
    unsafe try given.with(expertsPerLayer: session.shape.expertsPerLayer, scratch: &scratch) { span throws(Refusal) in
      copied.replace(with: span)
    }
  }
}

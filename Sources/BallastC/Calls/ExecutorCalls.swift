import BallastCPU
import BallastControl
import BallastRuntime
public import CBallast

// Safety: `Outlet` and `read` look at the addresses before they follow them.
/// Makes an executor; see `ballast.h`.
@c @implementation
public func ballast_executor_create(
  _ options: UnsafePointer<ballast_executor_options>!, _ executor: UnsafeMutablePointer<ballast_executor>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let result = try unsafe Outlet(executor, "executor")
    result.set(Registry.executors.add(try unsafe read(options).executor()))
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

// Safety: the three addresses are seen to be there, and kept; that a matrix of the size the options state stays at each is what the
// header asks of the caller.
/// Names the weights of one expert; see `ballast.h`.
@c @implementation
public func ballast_executor_load(
  _ executor: ballast_executor, _ layer: UInt32, _ expert: UInt32, _ gate: UnsafeRawPointer!, _ up: UnsafeRawPointer!,
  _ down: UnsafeRawPointer!
) -> ballast_status {
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
    for address in [UInt(bitPattern: gate), UInt(bitPattern: up), UInt(bitPattern: down)] {
      guard address % UInt(shared.weights.alignment) == 0 else {
        throw .badPointer("a matrix of expert \(expert) in layer \(layer) is not aligned to its elements")
      }
    }
    unsafe shared.weights.load(LayerID(Int(layer)), ExpertID(Int(expert)), gate: gate, up: up, down: down)
  }
}

/// Lets an executor go; see `ballast.h`.
@c @implementation
public func ballast_executor_destroy(_ executor: ballast_executor) -> ballast_status {
  answer { () throws(Refusal) in _ = try Registry.executors.remove(executor) }
}

// Safety: `Outlet` looks at the address, and `text` for the zero that ends the settings no further than its limit.
/// Makes a balancer in executor mode; see `ballast.h`.
@c @implementation
public func ballast_balancer_create_on(
  _ executor: ballast_executor, _ settings: UnsafePointer<CChar>!, _ balancer: UnsafeMutablePointer<ballast_balancer>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let result = try unsafe Outlet(balancer, "balancer")
    let shared = try Registry.executors.find(executor)
    let configuration = try unsafe BalancerConfiguration(settings: settings)
    guard shared.weights.missing == 0 else {
      throw .badValue("\(shared.weights.missing) experts have no weights; load every expert first")
    }
    let made = try make(on: shared.executor, configuration, cost: nil, placement: nil)
    result.set(
      Registry.sessions.add(
        Session(
          balancer: made, shape: shared.executor.shape, advised: nil, turn: Monitor(Turn()),
          configuration: configuration, executor: shared)))
  }
}

// Safety: `read`, `span` and `mutableSpan` look at every address; the options and the selection state how many elements stand at each.
/// Counts, dispatches and computes a batch; see `ballast.h`.
@c @implementation
public func ballast_lane_forward(
  _ lane: ballast_lane, _ layer: UInt32, _ selection: UnsafePointer<ballast_selection>!, _ input: UnsafePointer<Float>!,
  _ residual: UnsafePointer<Float>!, _ output: UnsafeMutablePointer<Float>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let selection = try unsafe read(selection)
    try Registry.lanes.with(lane) { lane throws(Refusal) in
      try lane.checkOpen()
      guard let executor = lane.session.executor?.executor else {
        throw Refusal(BALLAST_WRONG_MODE, "the balancer is in advice mode: the engine computes")
      }
      try unsafe lane.copy(selection)
      let count = unsafe Int(selection.tokens) * executor.dimensions.hidden
      var stream: Span<Float>?
      if unsafe residual != nil { stream = try unsafe span(residual, count, "residual") }
      let read = try unsafe span(input, count, "input")
      var written = try unsafe mutableSpan(output, count, "output")
      do throws(ExecutionError) {
        try lane.lane.serve(
          lane.selection, layer: LayerID(Int(layer)), input: read, residual: stream, output: &written)
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
    // Safety: whether there are a mask and gates is all that is asked; the reader of selections looks at the rest.
    guard unsafe given.mask == nil else { throw .badValue("mask is given; a batch that is computed takes none") }
    guard unsafe given.gates != nil else { throw .badPointer("gates is null; a batch that is computed needs them") }
    var copied = Selection(expertsPerLayer: 0)
    swap(&copied, &selection)
    defer { swap(&copied, &selection) }
    try unsafe with(given) { span throws(Refusal) in copied.replace(with: span) }
  }
}

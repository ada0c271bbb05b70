import BallastCPU
import BallastRuntime
import Synchronization

/// An executor behind a handle, and where the caller's weights are.
final class SharedExecutor: Sendable {
  let executor: CPUExecutor
  let weights: LoadedWeights

  init(_ executor: CPUExecutor, weights: LoadedWeights) {
    self.executor = executor
    self.weights = weights
  }
}

/// Weights in the caller's memory.
@safe final class LoadedWeights: ExpertWeightSource, @unchecked Sendable {
  // Safety: the caller keeps every matrix in place for the life of the executor and writes to none; which there are
  // is behind a lock.
  private struct Expert {
    /// Addresses.
    let gate: UInt
    let up: UInt
    let down: UInt
  }

  let precision: Precision
  /// Bytes of one element, to which every matrix is aligned.
  let alignment: Int
  private let bytes: Int
  private let experts: Int
  private let loaded: Mutex<[Int: Expert]>
  private let expertsPerLayer: Int

  init(shape: ModelShape, precision: Precision, hidden: Int, inner: Int) {
    self.precision = precision
    alignment = precision == .float32 ? 4 : 2
    bytes = hidden * inner * alignment
    experts = shape.experts
    expertsPerLayer = shape.expertsPerLayer
    loaded = Mutex([:])
  }

  /// Experts whose weights are not known yet.
  var missing: Int { experts - loaded.withLock { $0.count } }

  // Safety: the addresses are kept as numbers, and followed by `withMatrix` alone.
  func load(_ layer: LayerID, _ expert: ExpertID, gate: UnsafeRawPointer, up: UnsafeRawPointer, down: UnsafeRawPointer)
  {
    let place = layer.index * expertsPerLayer + expert.index
    let expert = Expert(gate: UInt(bitPattern: gate), up: UInt(bitPattern: up), down: UInt(bitPattern: down))
    loaded.withLock { $0[place] = expert }
  }

  func withMatrix<Outcome>(
    _ matrix: ExpertMatrix, layer: LayerID, expert: ExpertID, _ body: (RawSpan) -> Outcome
  ) throws(StagingError) -> Outcome {
    let place = layer.index * expertsPerLayer + expert.index
    // Safety: the caller keeps every matrix in place, as large as the executor's options say, until the executor and every
    // balancer on it are gone, and whoever stages holds the executor.
    guard let weights = loaded.withLock({ $0[place] }) else {
      throw .badWeights(layer: layer, expert: expert, reason: "its weights were not loaded")
    }
    let address =
      switch matrix {
      case .gate: weights.gate
      case .up: weights.up
      case .down: weights.down
      }
    let start = unsafe UnsafeRawPointer(bitPattern: address)
    return unsafe body(UnsafeRawBufferPointer(start: start, count: bytes).bytes)
  }
}

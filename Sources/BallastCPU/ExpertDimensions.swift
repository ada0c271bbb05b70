public import BallastRuntime
import CBallastKernels

/// The sizes of one SwiGLU expert: `down( silu(gate · x) * (up · x) )`.
public struct ExpertDimensions: Hashable, Sendable {
  /// Length of what an expert reads and writes.
  public let hidden: Int
  /// Length between its two products.
  public let inner: Int

  /// States the sizes, each 1…65 536.
  ///
  /// - Throws: `CPUExecutorError.dimension` naming the size.
  public init(hidden: Int, inner: Int) throws(CPUExecutorError) {
    for (name, value) in [("hidden", hidden), ("inner", inner)] {
      guard Self.allowed.contains(value) else {
        throw .dimension(name: name, value: value, allowed: Self.allowed)
      }
    }
    self.hidden = hidden
    self.inner = inner
  }

  /// Bytes of one packed expert: weights, scales, and the padding of both.
  public func bytes(_ precision: Precision) -> Int { gateUpBytes(precision) + downBytes(precision) }

  /// The model these experts belong to, as planners and tables see it.
  ///
  /// - Throws: `CPUExecutorError.shape` when a count is out of range.
  public func modelShape(
    layers: Int, expertsPerLayer: Int, expertsPerToken: Int, fullPrecision: Precision, roundsPerLayer: Int = 1
  ) throws(CPUExecutorError) -> ModelShape {
    do {
      return try ModelShape(
        layers: layers, expertsPerLayer: expertsPerLayer, expertsPerToken: expertsPerToken,
        bytesPerExpert: PerPrecision { bytes($0) }, fullPrecision: fullPrecision, roundsPerLayer: roundsPerLayer)
    } catch {
      throw .shape(error)
    }
  }

  private static let allowed = 1...65_536

  /// Multiply-adds count as two.
  var operationsPerToken: Int { 6 * hidden * inner }
  /// Floats from one row of outputs to the next.
  var paddedHidden: Int { ballast_padded(hidden) }
  /// Bytes of the three matrices' numbers as a checkpoint stores them.
  func sourceBytes(_ precision: Precision) -> Int { hidden * inner * (precision == .float32 ? 4 : 2) }

  func gateUpBytes(_ precision: Precision) -> Int { ballast_gate_up_bytes(precision.code, hidden, inner) }
  func downBytes(_ precision: Precision) -> Int { ballast_down_bytes(precision.code, hidden, inner) }
}

extension Precision {
  /// The kernels' number for this precision.
  var code: Int32 {
    switch self {
    case .float32: Int32(BALLAST_FLOAT32)
    case .bfloat16: Int32(BALLAST_BFLOAT16)
    case .int8: Int32(BALLAST_INT8)
    case .int4: Int32(BALLAST_INT4)
    }
  }
}

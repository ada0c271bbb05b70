import BallastRuntime
import CBallastKernels

/// An expert at the checkpoint's own precision in float32 arithmetic, computed without staging it.
struct ExactExpert: Sendable {
  let reader: ExpertReader

  // Safety: callers pass `count` rows of input that outlive the call.
  /// Outputs for `count` rows of `input`, `[row][hidden]`.
  ///
  /// - Throws: `StagingError.badWeights`.
  func outputs(
    layer: LayerID, expert: ExpertID, input: UnsafePointer<Float>, count: Int
  ) throws(StagingError) -> [Float] {
    let dimensions = reader.dimensions
    let scratchBytes = ballast_exact_scratch_bytes(dimensions.hidden, dimensions.inner, count)
    return try reader.withMatrices(layer: layer, expert: expert) { matrices in
      // Safety: the scratch has the bytes the kernel asks for; outputs are `count` rows.
      let scratch = UnsafeMutableRawPointer.allocate(byteCount: scratchBytes, alignment: 64)
      defer { unsafe scratch.deallocate() }
      return unsafe [Float](unsafeUninitializedCapacity: count * dimensions.hidden) { output, filled in
        unsafe withUnsafePointer(to: matrices.gate) { gate in
          unsafe withUnsafePointer(to: matrices.up) { up in
            unsafe withUnsafePointer(to: matrices.down) { down in
              unsafe Kernels.current.exact(
                gate, up, down, dimensions.hidden, dimensions.inner, input, count, output.baseAddress, scratch)
            }
          }
        }
        filled = count * dimensions.hidden
      }
    }
  }
}

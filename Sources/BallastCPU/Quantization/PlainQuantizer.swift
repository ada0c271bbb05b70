import BallastRuntime
import CBallastKernels

/// Rounds every weight to the nearest code, the scale of a group fitting its largest weight, as the kernels do.
struct PlainQuantizer: Sendable {
  let grid: QuantizationGrid

  /// Rounds `[row][column]` weights.
  ///
  /// - Returns: nil when one is not finite, or there is no memory.
  func quantize(_ weights: [Float], rows: Int, columns: Int) -> QuantizedMatrix? {
    var matrix = QuantizedMatrix(rows: rows, columns: columns, grid: grid)
    var scales = Array(repeating: UInt16(0), count: matrix.scales.count)
    let code = grid.precision.code
    // Safety: codes and scales have room for every row, and the weights are rows × columns numbers.
    let found = unsafe weights.withUnsafeBytes { weights in
      var source = unsafe ballast_source(values: weights.baseAddress, precision: Int32(BALLAST_FLOAT32))
      return unsafe matrix.codes.withUnsafeMutableBufferPointer { codes in
        unsafe scales.withUnsafeMutableBufferPointer { scales in
          unsafe Kernels.current.quantize(code, &source, columns, 0, rows, codes.baseAddress, scales.baseAddress)
        }
      }
    }
    guard found == Int32(BALLAST_PACKED) else { return nil }
    for index in scales.indices { matrix.scales[index] = Float(bitPattern: UInt32(scales[index]) << 16) }
    return matrix
  }
}

import BallastRuntime
import CBallastKernels

/// Experts that are in no device's memory: packed from where the source has them, each time a run needs one.
///
/// What comes out is packed as a resident replica at full precision is, and answers the same bit for bit.
struct StoredExperts: Sendable {
  let reader: ExpertReader
  /// The precision they are packed at.
  let precision: Precision

  /// Bytes of the room one is packed into.
  var roomBytes: Int { reader.dimensions.bytes(precision) }

  // Safety: the room has `roomBytes` on a 64-byte boundary, and nobody else uses it before its weights are done with.
  /// Packs an expert into `room`.
  ///
  /// - Returns: Its weights, which lie in the room.
  /// - Throws: `StagingError.badWeights` when they cannot be read, or are not finite numbers.
  func fetch(layer: LayerID, expert: ExpertID, into room: UnsafeMutableRawPointer) throws(StagingError)
    -> ballast_expert
  {
    let dimensions = reader.dimensions
    let code = precision.code
    // Safety: both matrices lie in the room, which has their bytes together.
    let down = unsafe room + dimensions.gateUpBytes(precision)
    let isPacked = try reader.withMatrices(layer: layer, expert: expert) { matrices in
      let first = unsafe withUnsafePointer(to: matrices.gate) { gate in
        unsafe withUnsafePointer(to: matrices.up) { up in
          unsafe Kernels.current.pack(
            code, gate, up, dimensions.inner, dimensions.hidden, 0, ballast_gate_up_strips(dimensions.inner), room)
        }
      }
      let second = unsafe withUnsafePointer(to: matrices.down) { matrix in
        unsafe Kernels.current.pack(
          code, matrix, nil, dimensions.hidden, dimensions.inner, 0, ballast_down_strips(dimensions.hidden), down)
      }
      return first == Int32(BALLAST_PACKED) && second == Int32(BALLAST_PACKED)
    }
    guard isPacked else {
      throw .badWeights(
        layer: layer, expert: expert,
        reason: "a weight is infinite, not a number, or too large for \(precision), or there is no memory to pack it")
    }
    return unsafe ballast_expert(
      gate_up: UnsafeRawPointer(room), down: UnsafeRawPointer(down), hidden: UInt32(dimensions.hidden),
      inner: UInt32(dimensions.inner), precision: code)
  }

  /// Nanoseconds of fetching one expert, the median of some, on the thread it is called on; nil when one cannot be read.
  func fetchNanoseconds(_ shape: ModelShape) -> Double? {
    let scratch = KernelScratch(reader.dimensions)
    var times: [Double] = []
    let step = max(1, shape.experts / Self.timedExperts)
    for place in stride(from: 0, to: shape.experts, by: step) {
      let start = monotonicNanoseconds()
      // Safety: the room is this function's, and its weights are not used.
      do throws(StagingError) {
        _ = try unsafe fetch(
          layer: LayerID(place / shape.expertsPerLayer), expert: ExpertID(place % shape.expertsPerLayer),
          into: scratch.room(bytes: roomBytes))
      } catch {
        return nil
      }
      times.append(Double(monotonicNanoseconds() - start))
    }
    return times.sorted()[times.count / 2]
  }

  private static let timedExperts = 32
}

import BallastRuntime
import CBallastKernels

/// Turns an expert's checkpoint weights into a packed replica, piece by piece, and measures what that cost in quality.
@safe final class ReplicaPacker: @unchecked Sendable {
  // Concurrency: used by the staging thread alone.
  // Safety: blocks have the bytes `ExpertDimensions` states, which is what the kernels write.
  private let dimensions: ExpertDimensions
  private let reader: ExpertReader
  private let exact: ExactExpert
  private let quantizer: Quantizer
  private let calibration: CalibrationReservoir
  private let scratch: KernelScratch
  private let probes: [Float]
  private let outputs: AlignedFloats

  /// Rows the quality of a replica is measured on, at least.
  private static let probeCount = 8
  /// And at most.
  private static let mostProbes = CalibrationReservoir.mostHeldOut
  /// Bytes packed between two looks at cancellation and rate.
  private static let pieceBytes = 256 << 10

  init(reader: ExpertReader, quantizer: Quantizer, calibration: CalibrationReservoir) {
    self.reader = reader
    self.quantizer = quantizer
    self.calibration = calibration
    dimensions = reader.dimensions
    exact = ExactExpert(reader: reader)
    scratch = KernelScratch(reader.dimensions)
    outputs = AlignedFloats(count: Self.mostProbes * reader.dimensions.paddedHidden)
    var random = SplitMix64(seed: 0x5eed)
    probes = (0..<Self.probeCount * reader.dimensions.hidden).map { _ in random.nextGaussian() }
  }

  /// Fills a block.
  ///
  /// - Parameters:
  ///   - packed: The block, and what belongs into it.
  ///   - pause: Called with the bytes just written; may wait, and throws `cancelled`.
  /// - Throws: `StagingError.badWeights` for weights that are not finite numbers, and what `pause` throws.
  func pack(_ packed: PackedReplica, pause: (Int) throws(StagingError) -> Void) throws(StagingError) {
    if quantizer == .weighted, let grid = QuantizationGrid(packed.replica.precision) {
      let tokens = calibration.tokens(layer: packed.layer, expert: packed.replica.expert)
      if tokens.count > 0 { return try packFitted(packed, to: tokens, grid, pause) }
    }
    try packPlain(packed, pause)
  }

  private func packPlain(_ packed: PackedReplica, _ pause: (Int) throws(StagingError) -> Void) throws(StagingError) {
    let precision = packed.replica.precision
    try reader.withMatrices(layer: packed.layer, expert: packed.replica.expert) { matrices throws(StagingError) in
      // Safety: each matrix is lent while it is packed.
      try unsafe packPieces(packed, isDown: false, pause) { strips, depth, block in
        unsafe withUnsafePointer(to: matrices.gate) { gate in
          unsafe withUnsafePointer(to: matrices.up) { up in
            unsafe Kernels.current.pack(
              precision.code, gate, up, dimensions.inner, depth, strips.lowerBound, strips.count, block)
          }
        }
      }
      try unsafe packPieces(packed, isDown: true, pause) { strips, depth, block in
        unsafe withUnsafePointer(to: matrices.down) { down in
          unsafe Kernels.current.pack(
            precision.code, down, nil, dimensions.hidden, depth, strips.lowerBound, strips.count, block)
        }
      }
    }
  }

  private func packFitted(
    _ packed: PackedReplica, to tokens: CalibrationTokens, _ grid: QuantizationGrid,
    _ pause: (Int) throws(StagingError) -> Void
  ) throws(StagingError) {
    let weights = try reader.weights(layer: packed.layer, expert: packed.replica.expert)
    let code = packed.replica.precision.code
    guard let fitted = ExpertQuantizer(dimensions: dimensions, grid: grid).weighted(weights, tokens: tokens) else {
      throw badWeights(packed)
    }
    // Safety: codes and scales are lent while they are packed, with as many rows as the strips have outputs.
    try unsafe packPieces(packed, isDown: false, pause) { strips, depth, block in
      unsafe fitted.gate.withCodes { gate in
        unsafe fitted.up.withCodes { up in
          unsafe Kernels.current.packCodes(
            code, gate, up, dimensions.inner, depth, strips.lowerBound, strips.count, block)
        }
      }
    }
    try unsafe packPieces(packed, isDown: true, pause) { strips, depth, block in
      unsafe fitted.down.withCodes { down in
        unsafe Kernels.current.packCodes(
          code, down, nil, dimensions.hidden, depth, strips.lowerBound, strips.count, block)
      }
    }
  }

  /// ‖output − exact output‖ / ‖exact output‖ over the tokens held out of the calibration; over seeded normal inputs
  /// while the expert has met too few.
  ///
  /// - Throws: `StagingError.badWeights` when the outputs are not finite.
  func relativeError(of packed: PackedReplica) throws(StagingError) -> Double {
    let expert = packed.replica.expert
    let (hidden, stride) = (dimensions.hidden, dimensions.paddedHidden)
    let heldOut = calibration.heldOut(layer: packed.layer, expert: expert)
    let inputs = heldOut.count >= Self.probeCount ? heldOut.inputs : probes
    let count = min(inputs.count / hidden, Self.mostProbes)
    // Safety: `count` rows of input, room for as many padded rows of output; the block is the replica's.
    let exactOutputs = try unsafe inputs.withUnsafeBufferPointer { input throws(StagingError) -> [Float] in
      guard let input = input.baseAddress else { return [] }
      return try unsafe exact.outputs(layer: packed.layer, expert: expert, input: input, count: count)
    }
    unsafe withUnsafePointer(to: packed.weights) { weights in
      unsafe Kernels.current.expert(
        weights, nil, inputs, (0..<Int32(count)).map { $0 }, count, outputs.start, scratch.memory)
    }
    var error = RelativeError()
    for row in 0..<count {
      for column in 0..<hidden {
        error.add(unsafe outputs.start[row * stride + column], exact: exactOutputs[row * hidden + column])
      }
    }
    guard let value = error.value else {
      throw .badWeights(layer: packed.layer, expert: expert, reason: "its outputs overflow for inputs of length 1")
    }
    return value
  }

  // Safety: the block has room for every strip of both matrices, which the pieces make up.
  /// Packs one matrix strip by strip: `write` is called with strips, the length of the reduction and the matrix's place.
  private func packPieces(
    _ packed: PackedReplica, isDown: Bool, _ pause: (Int) throws(StagingError) -> Void,
    _ write: (Range<Int>, Int, UnsafeMutableRawPointer) -> Int32
  ) throws(StagingError) {
    let strips = isDown ? ballast_down_strips(dimensions.hidden) : ballast_gate_up_strips(dimensions.inner)
    let depth = isDown ? dimensions.inner : dimensions.hidden
    let stripBytes = ballast_strip_bytes(packed.replica.precision.code, depth)
    let piece = max(1, Self.pieceBytes / stripBytes)
    let place = unsafe isDown ? packed.weights.down : packed.weights.gate_up
    guard let place = unsafe place else { return }
    var first = 0
    while first < strips {
      let count = min(piece, strips - first)
      // Safety: the piece lies within the matrix, whose bytes the block has.
      let found = unsafe write(first..<first + count, depth, UnsafeMutableRawPointer(mutating: place))
      guard found == Int32(BALLAST_PACKED) else { throw badWeights(packed) }
      first += count
      try pause(count * stripBytes)
    }
  }

  private func badWeights(_ packed: PackedReplica) -> StagingError {
    .badWeights(
      layer: packed.layer, expert: packed.replica.expert,
      reason: "a weight is infinite, not a number, or too large for \(packed.replica.precision)")
  }
}

/// Floats on a cache line boundary.
@safe final class AlignedFloats {
  // Safety: owned, zeroed, freed once.
  let start: UnsafeMutablePointer<Float>

  init(count: Int) {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
    unsafe start = unsafe memory.initializeMemory(as: Float.self, repeating: 0, count: max(count, 1))
  }

  deinit {
    // Safety: allocated above.
    unsafe start.deallocate()
  }
}

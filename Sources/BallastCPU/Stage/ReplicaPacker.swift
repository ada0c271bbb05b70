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
    // Safety: a replica's block has the bytes of both matrices at its precision.
    let expert = packed.replica.expert
    try reader.withMatrices(layer: packed.layer, expert: expert) { matrices throws(StagingError) in
      let precision = packed.replica.precision
      let weights = unsafe packed.weights
      try unsafe packPieces(
        into: weights.gate_up, matrix: matrices.gate, up: matrices.up, precision: precision,
        panels: ballast_gate_up_panels(dimensions.inner), outputs: dimensions.inner, depth: dimensions.hidden,
        naming: (packed.layer, expert), pause)
      try unsafe packPieces(
        into: weights.down, matrix: matrices.down, up: nil, precision: precision,
        panels: ballast_down_panels(dimensions.hidden), outputs: dimensions.hidden, depth: dimensions.inner,
        naming: (packed.layer, expert), pause)
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
        weights, inputs, (0..<Int32(count)).map { $0 }, count, outputs.start, scratch.memory)
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

  // Safety: the block has room for every panel of the matrix, which the pieces make up.
  private func packPieces(
    into block: UnsafeRawPointer, matrix: ballast_source, up: ballast_source?, precision: Precision, panels: Int,
    outputs: Int, depth: Int, naming name: (LayerID, ExpertID), _ pause: (Int) throws(StagingError) -> Void
  ) throws(StagingError) {
    let panelBytes = ballast_panel_bytes(precision.code, depth)
    let piece = max(1, Self.pieceBytes / panelBytes)
    var first = 0
    while first < panels {
      let count = min(piece, panels - first)
      let code = unsafe pack(
        precision, matrix, up, outputs: outputs, depth: depth, panels: first..<first + count,
        into: UnsafeMutableRawPointer(mutating: block))
      if code != BALLAST_PACKED {
        let reason =
          code == BALLAST_NOT_FINITE
          ? "a weight is infinite, not a number, or too large for \(precision)" : "no memory to pack it"
        throw .badWeights(layer: name.0, expert: name.1, reason: reason)
      }
      first += count
      try pause(count * panelBytes)
    }
  }

  // Safety: the block has room for every panel of the matrix.
  private func pack(
    _ precision: Precision, _ matrix: ballast_source, _ up: ballast_source?, outputs: Int, depth: Int,
    panels: Range<Int>, into block: UnsafeMutableRawPointer
  ) -> Int {
    unsafe withUnsafePointer(to: matrix) { matrix in
      let pack = unsafe Kernels.current.pack
      guard let up = unsafe up else {
        return Int(unsafe pack(precision.code, matrix, nil, outputs, depth, panels.lowerBound, panels.count, block))
      }
      return unsafe withUnsafePointer(to: up) { up in
        Int(unsafe pack(precision.code, matrix, up, outputs, depth, panels.lowerBound, panels.count, block))
      }
    }
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

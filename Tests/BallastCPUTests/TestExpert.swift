import BallastCPU
import BallastRuntime
import CBallastKernels

/// Seeded weights, computed the slow and plain way: the numbers executors are judged by.
struct TestExpert: ExpertWeightSource {
  let dimensions: ExpertDimensions
  let precision: Precision
  private let bytes: [ExpertMatrix: [UInt8]]

  init(hidden: Int, inner: Int, precision: Precision = .float32, seed: UInt64 = 7, spoiled: Float? = nil) throws {
    dimensions = try ExpertDimensions(hidden: hidden, inner: inner)
    self.precision = precision
    var bytes: [ExpertMatrix: [UInt8]] = [:]
    for (place, matrix) in ExpertMatrix.allCases.enumerated() {
      var random = Numbers(seed: seed &+ UInt64(place))
      let scale = 1 / Float(matrix == .down ? inner : hidden).squareRoot()
      var values = (0..<hidden * inner).map { _ in random.nextGaussian() * scale }
      if let spoiled, matrix == .down { values[values.count - 1] = spoiled }
      bytes[matrix] = values.flatMap { value in
        precision == .float32
          ? Array(withUnsafeBytes(of: value) { Array($0) })
          : Array(withUnsafeBytes(of: UInt16(value.bitPattern >> 16)) { Array($0) })
      }
    }
    self.bytes = bytes
  }

  func withMatrix<Outcome>(
    _ matrix: ExpertMatrix, layer: LayerID, expert: ExpertID, _ body: (RawSpan) -> Outcome
  ) throws(StagingError) -> Outcome {
    let values = bytes[matrix] ?? []
    return body(values.span.bytes)
  }

  /// The weights as numbers.
  func values(_ matrix: ExpertMatrix) -> [Float] {
    let bytes = bytes[matrix] ?? []
    return bytes.withUnsafeBytes { raw in
      precision == .float32
        ? Array(raw.bindMemory(to: Float.self))
        : raw.bindMemory(to: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    }
  }

  /// down( silu(gate · x) * (up · x) ) in double precision.
  func output(for row: [Float]) -> [Double] {
    let (gate, up, down) = (values(.gate), values(.up), values(.down))
    let (hidden, inner) = (dimensions.hidden, dimensions.inner)
    func dot(_ matrix: [Float], _ output: Int, _ row: [Double]) -> Double {
      row.indices.reduce(0.0) { $0 + Double(matrix[output * row.count + $1]) * row[$1] }
    }
    let input = row.map(Double.init)
    let middle = (0..<inner).map { index in
      let value = dot(gate, index, input)
      return value / (1 + exponential(-value)) * dot(up, index, input)
    }
    return (0..<hidden).map { dot(down, $0, middle) }
  }
}

/// A kernel set's packed expert; freed with it.
final class PackedTestExpert {
  let weights: ballast_expert
  let packingCode: Int32
  private let memory: UnsafeMutableRawPointer
  private let hidden: Int
  private let inner: Int

  init(_ source: TestExpert, precision: Precision, kernels: ballast_kernel_set) {
    let (hidden, inner) = (source.dimensions.hidden, source.dimensions.inner)
    self.hidden = hidden
    self.inner = inner
    let code = Int32(precision.rawValue)
    let gateUp = ballast_gate_up_bytes(code, hidden, inner)
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: gateUp + ballast_down_bytes(code, hidden, inner), alignment: 64)
    self.memory = memory
    weights = ballast_expert(
      gate_up: UnsafeRawPointer(memory), down: UnsafeRawPointer(memory + gateUp), hidden: UInt32(hidden),
      inner: UInt32(inner), precision: code)
    var outcome: Int32 = 0
    func lend(_ matrix: ExpertMatrix, _ body: (UnsafePointer<ballast_source>) -> Void) {
      try? source.withMatrix(matrix, layer: LayerID(0), expert: ExpertID(0)) { span in
        span.withUnsafeBytes { bytes in
          var matrix = ballast_source(values: bytes.baseAddress, precision: source.precision == .float32 ? 0 : 1)
          body(&matrix)
        }
      }
    }
    lend(.gate) { gate in
      lend(.up) { up in
        outcome |= kernels.pack(
          code, gate, up, source.dimensions.inner, source.dimensions.hidden, 0, ballast_gate_up_strips(inner), memory)
      }
    }
    lend(.down) { down in
      outcome |= kernels.pack(
        code, down, nil, source.dimensions.hidden, source.dimensions.inner, 0, ballast_down_strips(hidden),
        memory + gateUp)
    }
    packingCode = outcome
  }

  deinit { memory.deallocate() }

  /// What the kernels answer for rows of `input`, without padding; nil kernels: the reference.
  func outputs(_ kernels: ballast_kernel_set?, input: [Float], rows: [Int32]) -> [[Float]] {
    let stride = ballast_padded(hidden)
    let output = UnsafeMutableRawPointer.allocate(byteCount: max(rows.count * stride * 4, 64), alignment: 64)
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: ballast_scratch_bytes(hidden, inner), alignment: 64)
    defer {
      output.deallocate()
      scratch.deallocate()
    }
    let floats = output.bindMemory(to: Float.self, capacity: rows.count * stride)
    var weights = weights
    if let kernels {
      kernels.expert(&weights, nil, input, rows, rows.count, floats, scratch)
    } else {
      _ = ballast_reference_expert(&weights, input, rows, rows.count, floats)
    }
    return rows.indices.map { row in (0..<hidden).map { floats[row * stride + $0] } }
  }
}

/// ‖left − right‖ / ‖right‖ over all numbers.
func relativeError(_ left: [[Float]], _ right: [[Double]]) -> Double {
  var (difference, size) = (0.0, 0.0)
  for (leftRow, rightRow) in zip(left, right) {
    for (one, other) in zip(leftRow, rightRow) {
      difference += (Double(one) - other) * (Double(one) - other)
      size += other * other
    }
  }
  return size > 0 ? (difference / size).squareRoot() : difference
}

/// Seeded numbers.
struct Numbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// About normal: the sum of twelve even numbers, less six.
  mutating func nextGaussian() -> Float {
    (0..<12).reduce(Float(-6)) { sum, _ in sum + Float(next() >> 40) * 0x1p-24 }
  }

  mutating func gaussians(_ count: Int) -> [Float] { (0..<count).map { _ in nextGaussian() } }
}

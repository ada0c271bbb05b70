import BallastCPU
import BallastRuntime
import CBallastKernels
import Glibc
import Testing

/// Every instruction set this processor has, against the specification in `reference.c`.
@Suite struct KernelTests {
  struct Shape: Sendable, CustomStringConvertible {
    let hidden: Int
    let inner: Int
    var description: String { "\(hidden)×\(inner)" }
  }

  static let levels = (0...2).filter { ballast_kernels_for(Int32($0)) != nil }
  static let shapes = [
    Shape(hidden: 192, inner: 128), Shape(hidden: 200, inner: 72), Shape(hidden: 1, inner: 1),
    Shape(hidden: 67, inner: 131), Shape(hidden: 330, inner: 50),
  ]
  static let precisions = Precision.allCases

  private func kernels(_ level: Int) throws -> ballast_kernel_set {
    try #require(ballast_kernels_for(Int32(level))).pointee
  }

  @Test func thePortableSetIsAlwaysThere() {
    #expect(Self.levels.first == 0)
    #expect(ballast_kernels_for(99) == nil)
  }

  @Test func theBestSetIsInUseUnlessAnotherIsNamed() throws {
    let best = try kernels(try #require(Self.levels.last))
    let named = getenv("BALLAST_KERNELS").map { String(cString: $0) }
    let current = try #require(ballast_kernels()).pointee
    #expect(String(cString: current.name) == named ?? String(cString: best.name))
  }

  /// The reference agrees with double-precision arithmetic on the same weights.
  @Test(arguments: shapes) func referenceComputesSwiGLU(shape: Shape) throws {
    let source = try TestExpert(hidden: shape.hidden, inner: shape.inner)
    var random = Numbers(seed: 1)
    let input = random.gaussians(3 * shape.hidden)
    let packed = PackedTestExpert(source, precision: .float32, kernels: try kernels(0))
    let exact = (0..<3).map { source.output(for: Array(input[$0 * shape.hidden..<($0 + 1) * shape.hidden])) }
    #expect(relativeError(packed.outputs(nil, input: input, rows: [0, 1, 2]), exact) < 1e-5)
  }

  @Test func referenceComputesAnExpertByHand() throws {
    // hidden 1, inner 1: down · silu(gate · x) · (up · x).
    let source = try TestExpert(hidden: 1, inner: 1)
    let (gate, up, down) = (source.values(.gate)[0], source.values(.up)[0], source.values(.down)[0])
    let x: Float = 1.5
    let expected = Double(down) * Double(gate * x) / (1 + exponential(-Double(gate * x))) * Double(up * x)
    let packed = PackedTestExpert(source, precision: .float32, kernels: try kernels(0))
    #expect(abs(Double(packed.outputs(nil, input: [x], rows: [0])[0][0]) - expected) < 1e-6)
  }

  /// Tolerance: float32 sums in another order; bfloat16 and int8 besides round a few middle values the other way.
  @Test(arguments: levels, shapes) func agreesWithTheReference(level: Int, shape: Shape) throws {
    let set = try kernels(level)
    let source = try TestExpert(hidden: shape.hidden, inner: shape.inner)
    var random = Numbers(seed: 2)
    let input = random.gaussians(130 * shape.hidden)
    for precision in Self.precisions {
      let packed = PackedTestExpert(source, precision: precision, kernels: set)
      for count in [0, 1, 3, 17, 130] {
        let rows = (0..<Int32(count)).map { Int32(130 - 1) - $0 }
        let reference = packed.outputs(nil, input: input, rows: rows).map { $0.map(Double.init) }
        let error = relativeError(packed.outputs(set, input: input, rows: rows), reference)
        #expect(error < (precision == .float32 ? 1e-5 : 2e-3), "\(precision), \(count) rows")
      }
    }
  }

  @Test(arguments: levels, shapes) func aRowDoesNotDependOnItsNeighbours(level: Int, shape: Shape) throws {
    let set = try kernels(level)
    let source = try TestExpert(hidden: shape.hidden, inner: shape.inner)
    var random = Numbers(seed: 3)
    let input = random.gaussians(120 * shape.hidden)
    for precision in Self.precisions {
      let packed = PackedTestExpert(source, precision: precision, kernels: set)
      let together = packed.outputs(set, input: input, rows: (0..<120).map { $0 })
      for count in [1, 2, 5, 6, 7, 11, 13, 40] {
        let rows = (0..<Int32(count)).map { ($0 * 37 + 5) % 120 }
        let apart = packed.outputs(set, input: input, rows: rows)
        #expect(apart == rows.map { together[Int($0)] }, "\(precision), \(count) rows")
      }
    }
  }

  @Test(arguments: levels) func rowsThatAreNotFiniteSpoilOnlyThemselves(level: Int) throws {
    let set = try kernels(level)
    let source = try TestExpert(hidden: 192, inner: 128)
    var random = Numbers(seed: 4)
    let clean = random.gaussians(14 * 192)
    for precision in Self.precisions {
      let packed = PackedTestExpert(source, precision: precision, kernels: set)
      let rows = (0..<Int32(14)).map { $0 }
      let expected = packed.outputs(set, input: clean, rows: rows)
      for bad in [Float.infinity, -.infinity, .nan] {
        var input = clean
        input[5 * 192 + 100] = bad
        let outputs = packed.outputs(set, input: input, rows: rows)
        #expect(outputs[5].contains { !$0.isFinite }, "\(precision): \(bad) vanished")
        for row in 0..<14 where row != 5 { #expect(outputs[row] == expected[row], "\(precision): row \(row)") }
      }
    }
  }

  /// Half a step of a group's largest weight over 127.5 bounds int8's errors, and bfloat16 keeps 8 bits; int4 may leave
  /// the largest weight a step and a half of an eighth and a half outside.
  @Test(arguments: levels) func packingRoundsToTheNearestStep(level: Int) throws {
    let source = try TestExpert(hidden: 200, inner: 72)
    let gate = source.values(.gate)
    for precision in Self.precisions {
      let packed = PackedTestExpert(source, precision: precision, kernels: try kernels(level))
      for output in 0..<72 {
        for reduction in 0..<200 {
          let weight = gate[output * 200 + reduction]
          let stored = ballast_reference_weight(
            Int32(precision.rawValue), packed.weights.gate_up, 10, 200, output / 16 * 2, output % 16, reduction)
          let first = reduction / 32 * 32
          let group = gate[output * 200 + first..<output * 200 + min(first + 32, 200)]
          let largest = group.map { abs($0) }.max() ?? 0
          let bound =
            switch precision {
            case .float32: Float(0)
            case .bfloat16: abs(weight) / 256
            case .int8: largest / 127.5 * 0.506
            case .int4: largest / 8.5 * 1.51
            }
          guard abs(stored - weight) <= bound else {
            Issue.record("\(precision): \(weight) became \(stored), further than \(bound)")
            return
          }
        }
      }
    }
  }

  @Test(arguments: levels, [Float.infinity, -.infinity, .nan]) func packingRefusesBadWeights(level: Int, bad: Float)
    throws
  {
    let source = try TestExpert(hidden: 40, inner: 24, spoiled: bad)
    for precision in Self.precisions {
      let packed = PackedTestExpert(source, precision: precision, kernels: try kernels(level))
      #expect(packed.packingCode == BALLAST_NOT_FINITE)
    }
    let large = try TestExpert(hidden: 40, inner: 24, spoiled: .greatestFiniteMagnitude)
    let set = try kernels(level)
    #expect(PackedTestExpert(large, precision: .bfloat16, kernels: set).packingCode == BALLAST_NOT_FINITE)
    #expect(PackedTestExpert(large, precision: .int8, kernels: set).packingCode == BALLAST_PACKED)
  }

  /// Groups whose largest value is too small to divide by are zeros; others keep what is above their step.
  @Test(arguments: levels) func tinyNumbersAreNumbers(level: Int) throws {
    let set = try kernels(level)
    let source = try TestExpert(hidden: 192, inner: 128)
    let tiny = (0..<2 * 192).map { place -> Float in
      let unit = place < 192 ? Float.leastNonzeroMagnitude * 7000 : 1e-30
      return Float(place % 7 - 3) * unit
    }
    for precision in Self.precisions {
      let outputs = PackedTestExpert(source, precision: precision, kernels: set).outputs(
        set, input: tiny, rows: [0, 1])
      #expect(outputs.joined().allSatisfy { $0.isFinite && abs($0) < 1e-20 }, "\(precision)")
    }
  }

  /// Codes and scales made apart give what packing gives at once, and what the reference reads back.
  @Test(arguments: levels, [Precision.int8, .int4]) func codesPackAsWeightsDo(level: Int, precision: Precision) throws {
    let set = try kernels(level)
    let (outputs, depth, code) = (72, 200, Int32(precision.rawValue))
    let source = try TestExpert(hidden: depth, inner: outputs)
    let packed = PackedTestExpert(source, precision: precision, kernels: set)
    func rounded(_ matrix: ExpertMatrix) -> (codes: [Int8], scales: [UInt16]) {
      var codes = Array(repeating: Int8(0), count: outputs * depth)
      var scales = Array(repeating: UInt16(0), count: outputs * ballast_groups(depth))
      source.values(matrix).withUnsafeBytes { values in
        var source = ballast_source(values: values.baseAddress, precision: 0)
        #expect(set.quantize(code, &source, depth, 0, outputs, &codes, &scales) == BALLAST_PACKED)
      }
      return (codes, scales)
    }
    let (gate, up) = (rounded(.gate), rounded(.up))
    let bytes = ballast_gate_up_bytes(code, depth, outputs)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    defer { memory.deallocate() }
    gate.codes.withUnsafeBufferPointer { gateCodes in
      gate.scales.withUnsafeBufferPointer { gateScales in
        up.codes.withUnsafeBufferPointer { upCodes in
          up.scales.withUnsafeBufferPointer { upScales in
            var both = [
              ballast_codes(codes: gateCodes.baseAddress, scales: gateScales.baseAddress),
              ballast_codes(codes: upCodes.baseAddress, scales: upScales.baseAddress),
            ]
            both.withUnsafeMutableBufferPointer {
              #expect(
                set.pack_codes(code, &$0[0], &$0[1], outputs, depth, 0, ballast_gate_up_strips(outputs), memory)
                  == BALLAST_PACKED)
            }
          }
        }
      }
    }
    #expect(memcmp(memory, packed.weights.gate_up, bytes) == 0)
    let weight = ballast_reference_weight(code, memory, 10, depth, 4, 3, 77)
    let scale = Float(bitPattern: UInt32(gate.scales[35 * ballast_groups(depth) + 77 / 32]) << 16)
    #expect(weight == scale * Float(gate.codes[35 * depth + 77]))
  }

  @Test(arguments: levels) func exactAgreesWithDoublePrecision(level: Int) throws {
    let set = try kernels(level)
    for precision in [Precision.float32, .bfloat16] {
      let source = try TestExpert(hidden: 200, inner: 72, precision: precision)
      var random = Numbers(seed: 5)
      let input = random.gaussians(3 * 200)
      let matrices = ExpertMatrix.allCases.map { source.values($0) }
      var output = Array(repeating: Float(0), count: 3 * 200)
      var scratch = Array(repeating: UInt8(0), count: ballast_exact_scratch_bytes(200, 72, 3))
      matrices[0].withUnsafeBytes { gate in
        matrices[1].withUnsafeBytes { up in
          matrices[2].withUnsafeBytes { down in
            var sources = [gate, up, down].map { ballast_source(values: $0.baseAddress, precision: 0) }
            sources.withUnsafeMutableBufferPointer {
              set.exact(&$0[0], &$0[1], &$0[2], 200, 72, input, 3, &output, &scratch)
            }
          }
        }
      }
      let rows = (0..<3).map { Array(output[$0 * 200..<($0 + 1) * 200]) }
      #expect(relativeError(rows, (0..<3).map { source.output(for: Array(input[$0 * 200..<($0 + 1) * 200])) }) < 1e-5)
    }
  }
}

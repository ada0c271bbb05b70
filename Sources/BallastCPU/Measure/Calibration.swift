import BallastRuntime
import CBallastKernels
import Glibc

/// Measures what an expert's run costs on the thread it is called on.
struct Calibration {
  // Algorithm: a precision's runs are timed at several token counts over a set of experts as large as serving cycles
  // through, so that weights come from where they come from when serving. The line time = activation + tokens ·
  // perToken is fitted to the medians by least squares of relative distance: small runs count as much as large ones.
  let dimensions: ExpertDimensions
  /// Experts of the whole model.
  let experts: Int

  private static let tokenCounts = [1, 2, 4, 8, 16, 32]
  private static let repetitions = 7
  /// The most memory the set of experts may take.
  private static let mostBytes = 96 << 20
  private static let copyBytes = 32 << 20

  /// The coefficients; one node, so both links are a copy in memory.
  func measure() -> CostModel {
    var activation = PerPrecision(repeating: 0.0)
    var perToken = PerPrecision(repeating: 0.0)
    for precision in Precision.allCases {
      (activation[precision], perToken[precision]) = coefficients(precision)
    }
    let link = copyBytesPerSecond()
    return CostModel(
      activationNanoseconds: activation, perTokenNanoseconds: perToken, linkBytesPerSecond: link,
      nodeLinkBytesPerSecond: link)
  }

  private func coefficients(_ precision: Precision) -> (activation: Double, perToken: Double) {
    let bytes = dimensions.bytes(precision)
    let stride = (bytes + 4095) / 4096 * 4096
    let count = max(1, min(experts, Self.mostBytes / stride))
    // Safety: every expert's matrices lie in its own stride; zero bits are finite weights at every precision.
    let memory = UnsafeMutableRawPointer.allocate(byteCount: count * stride, alignment: 4096)
    defer { unsafe memory.deallocate() }
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: count * stride)
    let weights = unsafe (0..<count).map { expert in
      unsafe ballast_expert(
        gate_up: UnsafeRawPointer(memory + expert * stride),
        down: UnsafeRawPointer(memory + expert * stride + dimensions.gateUpBytes(precision)),
        hidden: UInt32(dimensions.hidden), inner: UInt32(dimensions.inner), precision: precision.code)
    }
    let points = Self.tokenCounts.map { tokens in
      unsafe (tokens: Double(tokens), time: medianNanoseconds(of: weights, tokens: tokens))
    }
    return Self.line(through: points)
  }

  /// Nanoseconds of one run of `tokens` tokens.
  private func medianNanoseconds(of weights: [ballast_expert], tokens: Int) -> Double {
    // Safety: the weights are staged while it runs; rows, input and output have `tokens` rows.
    let input = AlignedFloats(count: tokens * dimensions.hidden)
    let output = AlignedFloats(count: tokens * dimensions.paddedHidden)
    let scratch = KernelScratch(dimensions)
    let rows = (0..<Int32(tokens)).map { $0 }
    // A pass long enough for the clock, over as many experts as there are.
    let runs = unsafe min(weights.count, max(8, 4_000_000_000 / (dimensions.operationsPerToken * tokens) / 40))
    var times: [Double] = []
    for _ in 0..<Self.repetitions {
      let start = monotonicNanoseconds()
      for index in 0..<runs {
        unsafe withUnsafePointer(to: weights[index]) { expert in
          unsafe Kernels.current.expert(expert, nil, input.start, rows, tokens, output.start, scratch.memory)
        }
      }
      times.append(Double(monotonicNanoseconds() - start) / Double(runs))
    }
    return times.sorted()[Self.repetitions / 2]
  }

  /// Fits time = activation + tokens · perToken; neither is below 0, and a token is never free.
  static func line(through points: [(tokens: Double, time: Double)]) -> (activation: Double, perToken: Double) {
    var (weight, tokens, squares, times, products) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for point in points {
      let share = 1 / (point.time * point.time)
      weight += share
      tokens += share * point.tokens
      squares += share * point.tokens * point.tokens
      times += share * point.time
      products += share * point.tokens * point.time
    }
    let spread = weight * squares - tokens * tokens
    let slope = spread > 0 ? (weight * products - tokens * times) / spread : 0
    let perToken = max(slope, 1e-3)
    return (max(0, (times - perToken * tokens) / weight), perToken)
  }

  private func copyBytesPerSecond() -> Double {
    let (from, to) = (AlignedFloats(count: Self.copyBytes / 4), AlignedFloats(count: Self.copyBytes / 4))
    var times: [Double] = []
    for _ in 0..<5 {
      let start = monotonicNanoseconds()
      // Safety: both have these bytes.
      unsafe memcpy(to.start, from.start, Self.copyBytes)
      times.append(Double(monotonicNanoseconds() - start))
    }
    return Double(Self.copyBytes) / max(times.sorted()[2], 1) * 1e9
  }
}

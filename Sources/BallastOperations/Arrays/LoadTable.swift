/// Recorded loads: tokens routed to each expert, per window and layer.
public struct LoadTable: Hashable, Sendable {
  /// Where the loads came from.
  public let source: String
  /// Windows recorded; 1 when the file has none.
  public let windows: Int
  /// MoE layers, at least 1.
  public let layers: Int
  /// Experts in each layer, 1…65 535.
  public let experts: Int
  /// Experts each token chose; nil when nobody has said.
  public var expertsPerToken: Int?
  /// `[window][layer][expert]`, row-major.
  private let loads: [Int]

  /// Most tokens a table may count in all: whole numbers up to here are exact in double precision.
  public static let totalLimit = 1 << 53

  /// Reads loads from an array file, `[layers, experts]` or `[windows, layers, experts]`.
  ///
  /// - Throws: `ArrayError`, as `NumericArray.read` and `init(_:)` do.
  public static func read(_ path: String) throws(ArrayError) -> LoadTable { try LoadTable(NumericArray.read(path)) }

  /// Takes loads from an array of whole numbers; an expert, a layer or all of it may be without load.
  ///
  /// - Throws: `ArrayError.wrongShape`, `valueOutOfRange` for a load that is negative, not whole or no number, or
  ///   `totalTooLarge`.
  public init(_ array: NumericArray) throws(ArrayError) {
    let shape = array.shape.count == 2 ? [1] + array.shape : array.shape
    guard shape.count == 3, shape.allSatisfy({ $0 >= 1 }), shape[1] <= 65_535, shape[2] <= 65_535 else {
      throw .wrongShape(
        file: array.source, shape: array.shape,
        expected: "[layers, experts] or [windows, layers, experts], layers and experts from 1 to 65535")
    }
    source = array.source
    windows = shape[0]
    layers = shape[1]
    experts = shape[2]
    loads = try array.integers(in: 0...Self.totalLimit)
    var total = 0
    for load in loads {
      total += load
      guard total <= Self.totalLimit else { throw .totalTooLarge(file: array.source, limit: Self.totalLimit) }
    }
  }

  /// The loads of some windows together, `[layer][expert]`.
  ///
  /// - Complexity: O(windows in the range · layers · experts).
  public func loads(of range: Range<Int>) -> [[Int]] {
    var sums = Array(repeating: Array(repeating: 0, count: experts), count: layers)
    for window in range.clamped(to: 0..<windows) {
      for layer in 0..<layers {
        let row = (window * layers + layer) * experts
        for expert in 0..<experts { sums[layer][expert] += loads[row + expert] }
      }
    }
    return sums
  }
}

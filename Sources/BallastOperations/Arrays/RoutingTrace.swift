/// A recorded trace of routing: what every token chose, or only how many tokens each expert got.
public enum RoutingTrace: Hashable, Sendable {
  /// Expert ids per token, `[tokens, layers, k]`.
  case selections(SelectionTrace)
  /// Tokens per expert, `[windows, layers, experts]`.
  case loads(LoadTable)

  /// Reads a trace and tells selections from loads: the last dimension of loads is the number of experts.
  ///
  /// - Parameters:
  ///   - path: The array file.
  ///   - experts: Experts in each layer; nil takes `experts` of the `meta.json` beside the file.
  ///   - gates: An array file of gate weights in the shape of the selections, or nil.
  /// - Returns: Selections or loads.
  /// - Throws: `ArrayError`: what is wrong with a file, `expertsUnknown`, or `ambiguousTrace` when every token chose
  ///   all experts.
  public static func read(_ path: String, experts: Int? = nil, gates: String? = nil) throws(ArrayError) -> RoutingTrace
  {
    let array = try NumericArray.read(path)
    let description = try TraceDescription.beside(path)
    guard let experts = experts ?? description.experts else { throw .expertsUnknown(file: path) }
    guard array.shape.count == 3, let last = array.shape.last, (1...max(experts, 1)).contains(last) else {
      throw .wrongShape(
        file: path, shape: array.shape,
        expected: "[tokens, layers, k] or [windows, layers, experts] of \(experts) experts")
    }
    guard last == experts else {
      var weights: NumericArray?
      if let gates { weights = try NumericArray.read(gates) }
      return .selections(try SelectionTrace(array, experts: experts, gates: weights))
    }
    guard description.expertsPerToken != last else { throw .ambiguousTrace(file: path, lastDimension: last) }
    if let gates {
      throw .wrongShape(file: gates, shape: array.shape, expected: "no gate weights beside counts, which \(path) holds")
    }
    var table = try LoadTable(array)
    table.expertsPerToken = description.expertsPerToken
    return .loads(table)
  }

  /// Where the trace came from.
  public var source: String {
    switch self {
    case .selections(let trace): trace.source
    case .loads(let table): table.source
    }
  }

  /// MoE layers.
  public var layers: Int {
    switch self {
    case .selections(let trace): trace.layers
    case .loads(let table): table.layers
    }
  }

  /// Experts in each layer.
  public var experts: Int {
    switch self {
    case .selections(let trace): trace.experts
    case .loads(let table): table.experts
    }
  }

  /// Experts each token chose; nil for loads of which nobody has said.
  public var expertsPerToken: Int? {
    switch self {
    case .selections(let trace): trace.expertsPerToken
    case .loads(let table): table.expertsPerToken
    }
  }

  /// Rows a window can span: tokens of selections, recorded windows of loads.
  public var rows: Int {
    switch self {
    case .selections(let trace): trace.tokens
    case .loads(let table): table.windows
    }
  }

  /// The trace cut into windows of `rows` rows, the tail dropped, each made when it is asked for.
  ///
  /// - Parameters:
  ///   - size: Rows a window spans, 1…`rows`.
  ///   - batchTokens: Tokens a batch inside a window, or nil for none; loads have none.
  /// - Returns: The windows, in order.
  /// - Throws: `ArrayError.windowOutOfRange`, for a batch too.
  public func windows(
    rows size: Int, batchTokens: Int? = nil
  ) throws(ArrayError) -> LazyMapSequence<Range<Int>, TraceWindow> {
    guard (1...rows).contains(size) else { throw .windowOutOfRange(file: source, rows: size, available: rows) }
    if let batchTokens, !(1...size).contains(batchTokens) {
      throw .windowOutOfRange(file: source, rows: batchTokens, available: size)
    }
    return (0..<rows / size).lazy.map { index in
      window(index * size..<(index + 1) * size, batchTokens: batchTokens)
    }
  }

  private func window(_ rows: Range<Int>, batchTokens: Int?) -> TraceWindow {
    switch self {
    case .loads(let table): return TraceWindow(rows: rows, loads: table.loads(of: rows), batches: [])
    case .selections(let trace):
      guard let batchTokens else { return TraceWindow(rows: rows, loads: trace.loads(of: rows), batches: []) }
      let batches = stride(from: rows.lowerBound, to: rows.upperBound, by: batchTokens).map { first in
        trace.loads(of: first..<min(first + batchTokens, rows.upperBound))
      }
      return TraceWindow(rows: rows, loads: trace.loads(of: rows), batches: batches)
    }
  }
}

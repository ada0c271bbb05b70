public import BallastRuntime

/// The windows of several traces in a row: none straddles two files, tails are dropped.
public struct TraceWindows: Sequence {
  /// MoE layers of every trace.
  public let layers: Int
  /// Experts in each layer.
  public let experts: Int
  /// Experts each token chose; 1 where nobody has said.
  public let expertsPerToken: Int
  /// Windows in all.
  public let count: Int

  private let parts: [LazyMapSequence<Range<Int>, TraceWindow>]
  /// The trace each part was cut from.
  private let sources: [RoutingTrace]
  private let rows: Int
  private let batchTokens: Int?

  /// Cuts traces into windows.
  ///
  /// - Parameters:
  ///   - traces: At least one; all with the same layers and experts.
  ///   - rows: Rows a window spans: tokens of ids, recorded windows of counts.
  ///   - batchTokens: Tokens a batch, for traces of ids; nil takes a whole window as one batch.
  /// - Throws: `TraceWindowsError` naming the trace.
  public init(_ traces: [RoutingTrace], rows: Int, batchTokens: Int? = nil) throws(TraceWindowsError) {
    layers = traces.first?.layers ?? 0
    experts = traces.first?.experts ?? 0
    expertsPerToken = traces.first?.expertsPerToken ?? 1
    var parts: [LazyMapSequence<Range<Int>, TraceWindow>] = []
    var sources: [RoutingTrace] = []
    self.rows = rows
    self.batchTokens = batchTokens
    for trace in traces {
      guard trace.layers == layers, trace.experts == experts else {
        throw .mixedTraces(
          file: trace.source, layers: trace.layers, experts: trace.experts, expectedLayers: layers,
          expectedExperts: experts)
      }
      if case .loads = trace, batchTokens != nil { throw .batchesOfCounts(file: trace.source) }
      // A file shorter than a window is all tail.
      guard rows > 0, rows <= trace.rows else { continue }
      do throws(ArrayError) {
        parts.append(try trace.windows(rows: rows, batchTokens: batchTokens))
        sources.append(trace)
      } catch {
        throw .trace(error)
      }
    }
    self.parts = parts
    self.sources = sources
    count = parts.reduce(0) { $0 + $1.count }
    guard count >= 2 else {
      throw .tooFewWindows(
        files: traces.map(\.source), windows: count, rowsPerWindow: rows, rows: traces.map(\.rows))
    }
  }

  /// Where the tokens of a window go from layer to layer; nil for loads, which do not tell.
  public func transitions(of window: Int) -> AffinityTotals? {
    var index = window
    for (part, source) in zip(parts, sources) {
      guard index >= part.count else {
        guard case .selections(let trace) = source, index >= 0 else { return nil }
        return trace.transitions(of: index * rows..<(index + 1) * rows, batchTokens: batchTokens)
      }
      index -= part.count
    }
    return nil
  }

  /// Each window as its batches, `[batch][layer][expert]` tokens.
  public func makeIterator() -> AnyIterator<[[[Int]]]> {
    var windows = parts.lazy.joined().makeIterator()
    return AnyIterator {
      windows.next().map { $0.batches.isEmpty ? [$0.loads] : $0.batches }
    }
  }
}

public import BallastRuntime

/// Why something cannot be measured.
public enum BenchError: Error, Hashable, CustomStringConvertible {
  /// The cluster or batch to measure with cannot be made; the text says why.
  case unmade(String)
  /// A batch could not be served.
  case execution(ExecutionError)
  /// A plan could not be applied while serving; the text says why.
  case planAbandoned(String)

  /// The fact beneath.
  public var description: String {
    switch self {
    case .unmade(let reason): "the benchmark's cluster or batch cannot be made: \(reason)"
    case .execution(let error): "the benchmark's batch cannot be served: \(error)"
    case .planAbandoned(let reason): "the benchmark's plan was abandoned: \(reason)"
    }
  }

  /// Runs `body`; whatever it throws becomes `unmade` with that error's own words.
  static func making<Value: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Value
  ) throws(BenchError) -> Value {
    do throws(Failure) { return try body() } catch { throw .unmade("\(error)") }
  }
}

import CBLAS

/// A dense weight matrix that all lanes read.
struct WeightMatrix: Sendable {
  /// Width of what it makes.
  let rows: Int
  /// Width of what it reads.
  let columns: Int
  /// The weights, `[row][column]`.
  let values: [Float]

  /// The library shares no product among threads: lanes are the parallelism here, and its own threads would take
  /// their cores.
  private static let singleThreaded: Void = openblas_set_num_threads(1)

  init(rows: Int, columns: Int, values: [Float]) {
    precondition(values.count == rows * columns, "a matrix of \(rows) by \(columns) has \(values.count) values")
    _ = Self.singleThreaded
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// Overwrites `output[token][row]` with this matrix times each of `tokens` rows of `input[token][column]`.
  func multiply(_ input: [Float], tokens: Int, into output: inout [Float]) {
    product(input, tokens: tokens, keeping: 0, &output)
  }

  /// Adds this matrix times each of `tokens` rows of `input[token][column]` to `output[token][row]`.
  func multiply(_ input: [Float], tokens: Int, addingTo output: inout [Float]) {
    product(input, tokens: tokens, keeping: 1, &output)
  }

  private func product(_ input: [Float], tokens: Int, keeping share: Float, _ output: inout [Float]) {
    precondition(input.count >= tokens * columns && output.count >= tokens * rows, "a buffer is too short")
    guard tokens > 0 else { return }
    // Safety: the lengths were checked above, and the library neither keeps nor writes past what it is given.
    unsafe cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, blasint(tokens), blasint(rows), blasint(columns), 1, input,
      blasint(columns), values, blasint(columns), share, &output, blasint(rows))
  }
}

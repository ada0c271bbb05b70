import BallastRuntime
import CBallast

// What a caller's selection is made of, checked; every array is read by `span`, which looks at its address and checks
// every index, and is as long as the structure states.
extension ballast_selection {
  // Safety: the members that are addresses are followed by `span` alone, for as many elements as the structure states.
  /// Lends the selection where it stands.
  ///
  /// The scratch keeps the traits of tokens that differ, and grows only with the largest batch seen.
  ///
  /// - Throws: `Refusal` naming the first bad value.
  @inline(__always)
  func with(
    expertsPerLayer: Int, scratch: inout [TokenTraits],
    _ body: (borrowing SelectionSpan) throws(Refusal) -> Void
  ) throws(Refusal) {
    let count = try unsafe assignmentCount()
    let shared = TokenTraits(phase: try Phase(checked: unsafe phase), isCounted: try unsafe isCounted())
    try unsafe fill(&scratch, shared)
    let (given, size) = unsafe (experts, expert_bytes)
    switch size {
    case 1: try unsafe with(span(given, of: UInt8.self, count, "experts"), expertsPerLayer, shared, scratch, body)
    case 2: try unsafe with(span(given, of: UInt16.self, count, "experts"), expertsPerLayer, shared, scratch, body)
    case 4: try unsafe with(span(given, of: Int32.self, count, "experts"), expertsPerLayer, shared, scratch, body)
    case 8: try unsafe with(span(given, of: Int64.self, count, "experts"), expertsPerLayer, shared, scratch, body)
    default: throw .badValue("expert_bytes is \(size); allowed is 1, 2, 4 and 8")
    }
  }

  /// Choices of all tokens.
  private func assignmentCount() throws(Refusal) -> Int {
    // Safety: the counts are members of the structure itself; row starts are one more than there are tokens.
    let (tokens, each) = unsafe (tokens, experts_per_token)
    guard tokens <= UInt32(Int32.max) else { throw .badValue("tokens is \(tokens); the limit is \(Int32.max)") }
    guard unsafe row_starts != nil else {
      guard each > 0 else { throw .badValue("experts_per_token is 0 and row_starts is null; give one") }
      let product = UInt64(tokens) * UInt64(each)
      guard product <= UInt64(Int32.max) else {
        throw .badValue("\(product) choices in one batch; the limit is \(Int32.max)")
      }
      return Int(product)
    }
    guard each == 0 else { throw .badValue("experts_per_token is \(each) beside row_starts; set it to 0") }
    let starts = try unsafe span(row_starts, Int(tokens) + 1, "row_starts")
    let count = starts[Int(tokens)]
    guard count >= 0 else { throw .badValue("the last of row_starts is \(count); it is the number of choices") }
    return Int(count)
  }

  private func isCounted() throws(Refusal) -> Bool {
    // Safety: a member of the structure itself.
    let uncounted = unsafe uncounted
    guard uncounted <= 1 else { throw .badValue("uncounted is \(uncounted); allowed is 0 and 1") }
    return uncounted == 0
  }

  private func fill(_ scratch: inout [TokenTraits], _ shared: TokenTraits) throws(Refusal) {
    scratch.removeAll(keepingCapacity: true)
    // Safety: there is one value a token, which `span` keeps to.
    guard unsafe least_precision != nil else { return }
    let least = try unsafe span(least_precision, Int(tokens), "least_precision")
    for token in least.indices {
      guard let precision = Precision(rawValue: least[token]) else {
        throw .badValue("least_precision of token \(token) is \(least[token]); allowed is 0 to 3")
      }
      scratch.append(TokenTraits(phase: shared.phase, isCounted: shared.isCounted, leastPrecision: precision))
    }
  }

  @inline(__always)
  private func with<ID: FixedWidthInteger & BitwiseCopyable>(
    _ ids: Span<ID>, _ expertsPerLayer: Int, _ shared: TokenTraits, _ each: [TokenTraits],
    _ body: (borrowing SelectionSpan) throws(Refusal) -> Void
  ) throws(Refusal) {
    // Safety: gates are one a choice, the rest one a token, row starts one more; `span` looks at each address.
    let rows: SelectionSpan.Rows
    if unsafe row_starts != nil {
      rows = .ragged(starts: try unsafe span(row_starts, Int(tokens) + 1, "row_starts"))
    } else {
      rows = .uniform(Int(unsafe experts_per_token))
    }
    let traits: SelectionSpan.Traits = each.isEmpty ? .shared(shared) : .each(each.span)
    var weights: Span<Float>?
    if unsafe gates != nil { weights = try unsafe span(gates, ids.count, "gates") }
    var mask: Span<Bool>?
    if unsafe self.mask != nil { mask = try unsafe Self.flags(self.mask, Int(tokens)) }
    let selection: SelectionSpan
    do throws(SelectionError) {
      selection = try SelectionSpan(
        experts: ids, gates: weights, rows: rows, expertsPerLayer: expertsPerLayer, traits: traits, mask: mask)
    } catch {
      throw .badValue("\(error)")
    }
    try body(selection)
  }

  // Safety: every byte is seen to be 0 or 1, which are the two truth values, before any is read as one; a truth value is a
  // byte, so the array is as long and as aligned as one of them.
  /// Bytes that are 0 or 1 are truth values.
  @_lifetime(immortal)
  private static func flags(_ given: UnsafePointer<UInt8>?, _ count: Int) throws(Refusal) -> Span<Bool> {
    let bytes = try unsafe span(given, count, "mask")
    var all: UInt8 = 0
    for token in bytes.indices { all |= bytes[token] }
    guard all <= 1 else { throw .badValue("mask has a value of \(all) or part of it; allowed is 0 and 1") }
    return try unsafe span(UnsafeRawPointer(given)?.assumingMemoryBound(to: Bool.self), count, "mask")
  }
}

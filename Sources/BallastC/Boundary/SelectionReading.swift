import BallastRuntime
import CBallast

extension ballast_selection {
  // Safety: what comes from the caller is checked before it is followed; sizes are those stated.
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
    // Safety: the caller states how many tokens and choices there are; each array is checked to be there and aligned.
    let count = unsafe try assignmentCount()
    let shared = unsafe TokenTraits(phase: try Phase(checked: phase), isCounted: try isCounted())
    unsafe try fill(&scratch, shared)
    switch unsafe expert_bytes {
    case 1: try unsafe with(UInt8.self, count, expertsPerLayer, shared, scratch, body)
    case 2: try unsafe with(UInt16.self, count, expertsPerLayer, shared, scratch, body)
    case 4: try unsafe with(Int32.self, count, expertsPerLayer, shared, scratch, body)
    case 8: try unsafe with(Int64.self, count, expertsPerLayer, shared, scratch, body)
    default: throw .badValue(unsafe "expert_bytes is \(expert_bytes); allowed is 1, 2, 4 and 8")
    }
  }

  // Safety: what comes from the caller is checked before it is followed; sizes are those stated.
  /// Choices of all tokens.
  private func assignmentCount() throws(Refusal) -> Int {
    guard unsafe tokens <= UInt32(Int32.max) else {
      throw .badValue(unsafe "tokens is \(tokens); the limit is \(Int32.max)")
    }
    // Safety: row starts are one more than there are tokens.
    guard let starts = unsafe row_starts else {
      guard unsafe experts_per_token > 0 else {
        throw .badValue("experts_per_token is 0 and row_starts is null; give one")
      }
      let product = unsafe UInt64(tokens) * UInt64(experts_per_token)
      guard product <= UInt64(Int32.max) else {
        throw .badValue("\(product) choices in one batch; the limit is \(Int32.max)")
      }
      return Int(product)
    }
    guard unsafe experts_per_token == 0 else {
      throw .badValue(unsafe "experts_per_token is \(experts_per_token) beside row_starts; set it to 0")
    }
    try unsafe starts.checkAligned("row_starts")
    let count = unsafe starts[Int(tokens)]
    guard count >= 0 else { throw .badValue("the last of row_starts is \(count); it is the number of choices") }
    return Int(count)
  }

  // Safety: what comes from the caller is checked before it is followed; sizes are those stated.
  private func isCounted() throws(Refusal) -> Bool {
    guard unsafe uncounted <= 1 else { throw .badValue(unsafe "uncounted is \(uncounted); allowed is 0 and 1") }
    return unsafe uncounted == 0
  }

  private func fill(_ scratch: inout [TokenTraits], _ shared: TokenTraits) throws(Refusal) {
    scratch.removeAll(keepingCapacity: true)
    // Safety: there is one value a token.
    guard let least = unsafe least_precision else { return }
    for token in unsafe 0..<Int(tokens) {
      let code = unsafe least[token]
      guard let precision = Precision(rawValue: code) else {
        throw .badValue("least_precision of token \(token) is \(code); allowed is 0 to 3")
      }
      scratch.append(TokenTraits(phase: shared.phase, isCounted: shared.isCounted, leastPrecision: precision))
    }
  }

  @inline(__always)
  private func with<ID: FixedWidthInteger & BitwiseCopyable>(
    _: ID.Type, _ count: Int, _ expertsPerLayer: Int, _ shared: TokenTraits, _ each: [TokenTraits],
    _ body: (borrowing SelectionSpan) throws(Refusal) -> Void
  ) throws(Refusal) {
    // Safety: the caller states the counts, by which every array is read; all stay in place during the call.
    let ids = unsafe try elements(experts?.assumingMemoryBound(to: ID.self), count, "experts").span
    let rows: SelectionSpan.Rows
    if let starts = unsafe row_starts {
      rows = .ragged(starts: unsafe UnsafeBufferPointer(start: starts, count: Int(tokens) + 1).span)
    } else {
      rows = unsafe .uniform(Int(experts_per_token))
    }
    let traits: SelectionSpan.Traits =
      unsafe least_precision == nil || each.isEmpty ? .shared(shared) : .each(each.span)
    var weights: Span<Float>?
    if let gates = unsafe gates { weights = unsafe try elements(gates, count, "gates").span }
    var mask: Span<Bool>?
    if let bytes = unsafe self.mask { mask = unsafe try Self.flags(bytes, Int(tokens)).span }
    let selection: SelectionSpan
    do throws(SelectionError) {
      selection = try SelectionSpan(
        experts: ids, gates: weights, rows: rows, expertsPerLayer: expertsPerLayer, traits: traits, mask: mask)
    } catch {
      throw .badValue("\(error)")
    }
    try body(selection)
  }

  // Safety: what comes from the caller is checked before it is followed; sizes are those stated.
  /// Bytes that are 0 or 1 are truth values.
  private static func flags(_ bytes: UnsafePointer<UInt8>, _ count: Int) throws(Refusal) -> UnsafeBufferPointer<Bool> {
    // Safety: every byte is checked to be 0 or 1 before it is read as a truth value.
    var all: UInt8 = 0
    for token in 0..<count { all |= unsafe bytes[token] }
    guard all <= 1 else { throw .badValue("mask has a value of \(all) or part of it; allowed is 0 and 1") }
    return unsafe UnsafeBufferPointer(
      start: UnsafeRawPointer(bytes).assumingMemoryBound(to: Bool.self), count: count)
  }
}

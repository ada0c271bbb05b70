/// A selection in the caller's own memory: what the gate chose for one layer of one batch, checked and not copied.
///
/// Expert numbers may be integers of one, two, four or eight bytes. `Selection` is the form that owns its memory;
/// its `span` is one of these.
public struct SelectionSpan: ~Escapable {
  /// How many experts each token chose.
  public enum Rows: ~Escapable {
    /// Every token as many.
    case uniform(Int)
    /// `[token + 1]`: the choices of a token are `starts[token]..<starts[token + 1]`, from 0 to the last choice.
    case ragged(starts: Span<Int32>)
  }

  /// What is true of the tokens.
  public enum Traits: ~Escapable {
    /// The same of all.
    case shared(TokenTraits)
    /// `[token]`.
    case each(Span<TokenTraits>)
  }

  /// Experts in the layer; every chosen expert is below it.
  public let expertsPerLayer: Int
  /// Tokens in the batch, masked ones included.
  public let tokenCount: Int
  /// Token-expert pairs in the batch, those of masked tokens included.
  public let assignmentCount: Int
  /// The chosen experts, `[assignment]`, as unsigned integers of `width`.
  let experts: RawSpan
  let width: ExpertWidth
  /// `[assignment]`; nil when whoever computes the experts weighs their outputs itself.
  let gates: Span<Float>?
  let traits: Traits
  /// `[token]`: which tokens take part; nil when all do.
  let mask: Span<Bool>?
  let rows: Rows

  /// Checks what the gate chose.
  ///
  /// - Parameters:
  ///   - experts: The chosen experts, `[assignment]`, tokens in order.
  ///   - gates: Their gate weights, same order; nil when they are not needed for the grouping.
  ///   - rows: Which choices belong to which token.
  ///   - expertsPerLayer: Experts in the layer, 1…65 535.
  ///   - traits: What is true of the tokens.
  ///   - mask: `[token]`: whether it takes part; a token that does not is neither counted nor dispatched. Nil: all do.
  /// - Throws: `SelectionError` naming the first bad value.
  /// - Complexity: O(assignments); no allocation.
  @_lifetime(copy experts, copy gates, copy rows, copy traits, copy mask)
  public init<ID: FixedWidthInteger & BitwiseCopyable>(
    experts: Span<ID>, gates: Span<Float>? = nil, rows: Rows, expertsPerLayer: Int, traits: Traits,
    mask: Span<Bool>? = nil
  ) throws(SelectionError) {
    guard let width = ExpertWidth(rawValue: MemoryLayout<ID>.stride) else {
      throw .expertWidth(bytes: MemoryLayout<ID>.stride)
    }
    guard experts.count <= Int(Int32.max) else { throw .tooManyAssignments(experts.count) }
    let tokens = try rows.tokens(assignments: experts.count)
    if let gates {
      guard gates.count == experts.count else { throw .gateCount(gates: gates.count, assignments: experts.count) }
      if let bad = gates.firstNotFinite { throw .gateNotFinite(assignment: bad) }
    }
    if let mask, mask.count != tokens { throw .tokenCount(name: "mask", count: mask.count, tokens: tokens) }
    if case .each(let each) = traits, each.count != tokens {
      throw .tokenCount(name: "traits", count: each.count, tokens: tokens)
    }
    // Safety: the bytes of integers may be read as integers without sign; a negative one is above `ID.max` then.
    let bytes = unsafe experts.bytes
    if let bad = bytes.firstExpert(of: width, above: min(expertsPerLayer - 1, Int(clamping: ID.max))) {
      throw .expertOutOfRange(expert: Int(clamping: experts[bad]), expertsPerLayer: expertsPerLayer)
    }
    self.experts = bytes
    self.width = width
    self.gates = gates
    self.rows = rows
    self.expertsPerLayer = expertsPerLayer
    self.traits = traits
    self.mask = mask
    tokenCount = tokens
    assignmentCount = experts.count
  }

  /// What a `Selection` holds, which checked it when it was appended.
  @_lifetime(copy experts, copy gates, copy rows, copy traits)
  init(checked experts: Span<UInt16>, gates: Span<Float>, rows: Rows, expertsPerLayer: Int, traits: Traits, tokens: Int)
  {
    // Safety: the bytes of integers may be read as integers.
    self.experts = unsafe experts.bytes
    width = .two
    self.gates = gates
    self.rows = rows
    self.expertsPerLayer = expertsPerLayer
    self.traits = traits
    mask = nil
    tokenCount = tokens
    assignmentCount = experts.count
  }

  /// Where the choices of `token` stand.
  // Safety: rows were checked to rise, so the ranges are in order.
  @inline(__always)
  func assignments(of token: Int) -> Range<Int> {
    switch rows {
    case .uniform(let count):
      let first = token &* count
      return unsafe Range(uncheckedBounds: (first, first &+ count))
    case .ragged(let starts): return unsafe Range(uncheckedBounds: (Int(starts[token]), Int(starts[token &+ 1])))
    }
  }

  /// The expert of one choice.
  func expert(at choice: Int) -> UInt16 {
    switch width {
    case .one: UInt16(experts.id(at: choice) as UInt8)
    case .two: experts.id(at: choice)
    case .four: UInt16(truncatingIfNeeded: experts.id(at: choice) as UInt32)
    case .eight: UInt16(truncatingIfNeeded: experts.id(at: choice) as UInt64)
    }
  }

  /// Whether every token takes part.
  var isWhole: Bool { mask == nil }

  /// Whether `token` takes part.
  @inline(__always)
  func takesPart(_ token: Int) -> Bool {
    guard let mask else { return true }
    return mask[token]
  }

  /// What is true of `token`.
  @inline(__always)
  func traits(of token: Int) -> TokenTraits {
    switch traits {
    case .shared(let traits): traits
    case .each(let each): each[token]
    }
  }
}

/// Bytes of one expert's number.
enum ExpertWidth: Int {
  case one = 1
  case two = 2
  case four = 4
  case eight = 8
}

extension SelectionSpan.Rows {
  /// How many tokens the rows are, once they are known to tile the choices.
  fileprivate func tokens(assignments: Int) throws(SelectionError) -> Int {
    switch self {
    case .uniform(let count):
      guard count > 0, assignments % count == 0 else {
        throw .unevenRows(assignments: assignments, expertsPerToken: count)
      }
      return assignments / count
    case .ragged(let starts):
      guard starts.count > 0, starts[0] == 0 else { throw .rowStart(token: 0) }
      for token in 0..<starts.count - 1 where starts[token] > starts[token + 1] { throw .rowStart(token: token + 1) }
      guard Int(starts[starts.count - 1]) == assignments else { throw .rowStart(token: starts.count - 1) }
      return starts.count - 1
    }
  }
}

extension Span<Float> {
  /// Where the first NaN or infinity stands; nil when there is none.
  var firstNotFinite: Int? {
    // An exponent of all ones carries into the sign when one more is added: no branch, so it runs as vectors.
    var carried: UInt32 = 0
    for index in indices { carried |= (self[index].bitPattern & 0x7f80_0000) &+ 0x0080_0000 }
    guard carried >> 31 == 1 else { return nil }
    return indices.first { !self[$0].isFinite }
  }
}

extension RawSpan {
  /// Where the first number above `largest` stands; nil when there is none.
  func firstExpert(of width: ExpertWidth, above largest: Int) -> Int? {
    switch width {
    case .one: first(UInt8.self, above: largest)
    case .two: first(UInt16.self, above: largest)
    case .four: first(UInt32.self, above: largest)
    case .eight: first(UInt64.self, above: largest)
    }
  }

  private func first<ID: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(_: ID.Type, above largest: Int) -> Int?
  {
    let count = byteCount / MemoryLayout<ID>.stride
    guard largest < Int(clamping: ID.max) else { return nil }
    guard largest >= 0 else { return count > 0 ? 0 : nil }
    let limit = ID(largest)
    guard hasNumber(above: limit, count) else { return nil }
    return (0..<count).first { id(at: $0) as ID > largest }
  }

  /// Whether any number is above `limit`; without comparisons where that is possible, so that it runs as vectors.
  private func hasNumber<ID: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(above limit: ID, _ count: Int)
    -> Bool
  {
    // Below a power of two no bit is set above it.
    if limit & (limit &+ 1) == 0 { return bits(of: ID.self, count) > limit }
    var bits: ID = 0
    // The sign tells a number above the limit, of itself or of what is left to the limit.
    let halfway = ID.max / 2
    if limit <= halfway {
      for index in 0..<count {
        let id: ID = id(at: index)
        bits |= id | (limit &- id)
      }
    } else {
      for index in 0..<count where id(at: index) as ID > limit { bits = .max }
    }
    return bits > halfway
  }

  /// The bits that are set in any number.
  private func bits<ID: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(of _: ID.Type, _ count: Int) -> ID {
    // Eight words at a time, since one that waits for the one before it halves the rate.
    var words = SIMD8<UInt64>.zero
    let stride = MemoryLayout<SIMD8<UInt64>>.stride
    var offset = 0
    while offset <= byteCount &- stride {
      // Safety: within the bytes; any bits are words.
      words |= unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD8<UInt64>.self)
      offset &+= stride
    }
    var bits: ID = 0
    for index in offset / MemoryLayout<ID>.stride..<count { bits |= id(at: index) }
    for index in words.indices {
      for shift in Swift.stride(from: 0, to: UInt64.bitWidth, by: ID.bitWidth) {
        bits |= ID(truncatingIfNeeded: words[index] >> UInt64(shift))
      }
    }
    return bits
  }

  /// One expert's number.
  @inline(__always)
  func id<ID: FixedWidthInteger & BitwiseCopyable>(at index: Int) -> ID {
    // Safety: callers stay below the number of assignments, for which there are this many bytes; any bits are a number.
    unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: index &* MemoryLayout<ID>.stride, as: ID.self)
  }
}

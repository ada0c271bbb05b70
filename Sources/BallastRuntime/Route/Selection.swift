/// What the gate chose for one layer of one batch: for each token, its experts and their gate weights.
///
/// Rows may have different lengths. A selection is filled, used and emptied again; `removeAll` keeps its memory,
/// so a lane that reuses one allocates nothing once it has seen its largest batch.
public struct Selection: Sendable {
  /// Experts in the layer; every chosen expert is below it.
  public let expertsPerLayer: Int
  /// The chosen experts, `[assignment]`, tokens in order.
  public private(set) var experts: [UInt16] = []
  /// Their gate weights, `[assignment]`.
  public private(set) var gates: [Float] = []
  /// What is true of each token, `[token]`.
  public private(set) var traits: [TokenTraits] = []
  /// `[token + 1]`: where each token's choices start.
  private var rowStarts: [Int32] = [0]
  /// Choices of every token while all have equally many; nil otherwise.
  private var uniformRow: Int?
  /// Whether all tokens share the traits of the first.
  private var sharesTraits = true

  /// A selection without tokens, for a layer of `expertsPerLayer` experts (1…65 535).
  public init(expertsPerLayer: Int) { self.expertsPerLayer = expertsPerLayer }

  /// Tokens in the batch.
  public var tokenCount: Int { traits.count }

  /// Token-expert pairs in the batch.
  public var assignmentCount: Int { experts.count }

  /// Where the choices of `token` stand in `experts` and `gates`.
  public func assignments(of token: Int) -> Range<Int> {
    Int(rowStarts[token])..<Int(rowStarts[token + 1])
  }

  /// Appends tokens that chose equally many experts and share their traits.
  ///
  /// - Parameters:
  ///   - experts: `[token][choice]`, row-major; a length that divides by `expertsPerToken`.
  ///   - gates: Gate weights, same shape.
  ///   - expertsPerToken: Choices of each token, at least 1.
  ///   - traits: What is true of these tokens.
  /// - Throws: `SelectionError` naming the first bad value; the selection is as it was.
  /// - Complexity: O(assignments); allocates only beyond the largest batch seen.
  public mutating func append<ID: FixedWidthInteger>(
    experts: Span<ID>, gates: Span<Float>, expertsPerToken: Int, traits: TokenTraits
  ) throws(SelectionError) {
    guard expertsPerToken > 0, experts.count % expertsPerToken == 0 else {
      throw .unevenRows(assignments: experts.count, expertsPerToken: expertsPerToken)
    }
    try check(experts, gates)
    guard experts.count > 0 else { return }
    uniformRow = tokenCount == 0 || uniformRow == expertsPerToken ? expertsPerToken : nil
    sharesTraits = tokenCount == 0 || sharesTraits && self.traits[0] == traits
    var end = Int32(assignmentCount)
    keep(experts, gates)
    for _ in 0..<experts.count / expertsPerToken {
      end += Int32(expertsPerToken)
      rowStarts.append(end)
      self.traits.append(traits)
    }
  }

  /// Appends tokens that share their traits and chose as many experts as each needed.
  ///
  /// - Parameters:
  ///   - experts: The choices, tokens in order.
  ///   - gates: Gate weights, same order.
  ///   - rowLengths: `[token]`: how many choices are its, at least 1; they sum to the number of choices.
  ///   - traits: What is true of these tokens.
  /// - Throws: `SelectionError` naming the first bad value; the selection is as it was.
  /// - Complexity: O(assignments); allocates only beyond the largest batch seen.
  public mutating func append<ID: FixedWidthInteger>(
    experts: Span<ID>, gates: Span<Float>, rowLengths: Span<Int32>, traits: TokenTraits
  ) throws(SelectionError) {
    var left = experts.count
    for token in rowLengths.indices {
      guard rowLengths[token] > 0, left >= Int(rowLengths[token]) else { throw .rowStart(token: token) }
      left -= Int(rowLengths[token])
    }
    guard left == 0 else { throw .rowStart(token: rowLengths.count) }
    try check(experts, gates)
    guard rowLengths.count > 0 else { return }
    var row: Int? = tokenCount == 0 ? Int(rowLengths[0]) : uniformRow
    sharesTraits = tokenCount == 0 || sharesTraits && self.traits[0] == traits
    var end = Int32(assignmentCount)
    keep(experts, gates)
    for token in rowLengths.indices {
      if Int(rowLengths[token]) != row { row = nil }
      end += rowLengths[token]
      rowStarts.append(end)
      self.traits.append(traits)
    }
    uniformRow = row
  }

  /// Changes the least precision one token accepts.
  public mutating func setLeastPrecision(_ precision: Precision, of token: Int) {
    guard traits[token].leastPrecision != precision else { return }
    traits[token].leastPrecision = precision
    sharesTraits = tokenCount == 1
  }

  private func check<ID: FixedWidthInteger>(_ experts: Span<ID>, _ gates: Span<Float>) throws(SelectionError) {
    guard experts.count == gates.count else {
      throw .gateCount(gates: gates.count, assignments: experts.count)
    }
    guard experts.count <= Int(Int32.max) - assignmentCount else {
      throw .tooManyAssignments(assignmentCount + experts.count)
    }
    for index in experts.indices {
      guard experts[index] >= 0, experts[index] < expertsPerLayer else {
        throw .expertOutOfRange(expert: Int(clamping: experts[index]), expertsPerLayer: expertsPerLayer)
      }
    }
    if let bad = gates.firstNotFinite { throw .gateNotFinite(assignment: bad) }
  }

  private mutating func keep<ID: FixedWidthInteger>(_ experts: Span<ID>, _ gates: Span<Float>) {
    for index in experts.indices {
      self.experts.append(UInt16(truncatingIfNeeded: experts[index]))
      self.gates.append(gates[index])
    }
  }

  /// The same, lent to a lane.
  public var span: SelectionSpan {
    @_lifetime(borrow self)
    get {
      let rows: SelectionSpan.Rows = if let uniformRow { .uniform(uniformRow) } else { .ragged(starts: rowStarts.span) }
      let traits: SelectionSpan.Traits =
        if sharesTraits, let first = self.traits.first { .shared(first) } else { .each(self.traits.span) }
      return SelectionSpan(
        checked: experts.span, gates: gates.span, rows: rows, expertsPerLayer: expertsPerLayer, traits: traits,
        tokens: tokenCount)
    }
  }

  /// Makes the selection a copy of one in memory of its own, which has gates and no mask.
  ///
  /// - Complexity: O(assignments); allocates only beyond the largest batch seen.
  package mutating func replace(with span: borrowing SelectionSpan) {
    removeAll()
    guard let weights = span.gates, span.isWhole, span.tokenCount > 0 else { return }
    let first = span.traits(of: 0)
    var row: Int? = span.assignments(of: 0).count
    sharesTraits = true
    for token in 0..<span.tokenCount {
      let choices = span.assignments(of: token)
      for choice in choices {
        experts.append(span.expert(at: choice))
        gates.append(weights[choice])
      }
      rowStarts.append(Int32(choices.upperBound))
      traits.append(span.traits(of: token))
      if choices.count != row { row = nil }
      if span.traits(of: token) != first { sharesTraits = false }
    }
    uniformRow = row == 0 ? nil : row
  }

  /// Makes one choice another, of the same layer.
  mutating func set(_ choice: Int, expert: UInt16, gate: Float) {
    experts[choice] = expert
    gates[choice] = gate
  }

  /// Scales the gate weights of `choices` to sum `sum`, where both sums are numbers above 0.
  mutating func scale(_ choices: Range<Int>, to sum: Float) {
    var now: Float = 0
    for choice in choices { now += gates[choice] }
    let factor = sum / now
    guard now > 0, factor > 0, factor.isFinite else { return }
    for choice in choices { gates[choice] *= factor }
  }

  /// Multiplies every gate weight by a finite factor.
  package mutating func scaleGates(by factor: Float) {
    for index in gates.indices { gates[index] *= factor }
  }

  /// Empties the selection and keeps its memory.
  public mutating func removeAll() {
    experts.removeAll(keepingCapacity: true)
    gates.removeAll(keepingCapacity: true)
    traits.removeAll(keepingCapacity: true)
    rowStarts.removeLast(rowStarts.count - 1)
  }
}

/// Why tokens cannot be appended to a selection.
public enum SelectionError: Error, Hashable, CustomStringConvertible {
  /// The choices do not form rows of the stated length.
  case unevenRows(assignments: Int, expertsPerToken: Int)
  /// There is not one gate weight a choice.
  case gateCount(gates: Int, assignments: Int)
  /// A choice names an expert the layer does not have.
  case expertOutOfRange(expert: Int, expertsPerLayer: Int)
  /// A gate weight is NaN or infinite.
  case gateNotFinite(assignment: Int)
  /// The batch would exceed 2 147 483 647 choices.
  case tooManyAssignments(Int)
  /// Expert numbers have another size than 1, 2, 4 or 8 bytes.
  case expertWidth(bytes: Int)
  /// The choices of the token start before those of the token before it, or do not tile all choices.
  case rowStart(token: Int)
  /// There is not one value a token.
  case tokenCount(name: String, count: Int, tokens: Int)

  /// The fact, with the values and limits.
  public var description: String {
    switch self {
    case .unevenRows(let assignments, let expertsPerToken):
      "\(assignments) choices do not form rows of \(expertsPerToken)"
    case .gateCount(let gates, let assignments):
      "\(gates) gate weights for \(assignments) choices"
    case .expertOutOfRange(let expert, let expertsPerLayer):
      "expert \(expert) was chosen; the layer has experts 0 to \(expertsPerLayer - 1)"
    case .gateNotFinite(let assignment):
      "the gate weight of choice \(assignment) is not a finite number"
    case .tooManyAssignments(let count):
      "\(count) choices in one batch; the limit is \(Int32.max)"
    case .expertWidth(let bytes):
      "expert numbers of \(bytes) bytes; give them 1, 2, 4 or 8"
    case .rowStart(let token):
      "row start \(token) is out of order; starts rise from 0 to the number of choices"
    case .tokenCount(let name, let count, let tokens):
      "\(name) has \(count) values for \(tokens) tokens"
    }
  }
}

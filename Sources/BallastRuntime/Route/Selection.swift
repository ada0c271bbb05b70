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
  private var rowEnds: [Int32] = []

  /// A selection without tokens, for a layer of `expertsPerLayer` experts (1…65 535).
  public init(expertsPerLayer: Int) { self.expertsPerLayer = expertsPerLayer }

  /// Tokens in the batch.
  public var tokenCount: Int { rowEnds.count }

  /// Token-expert pairs in the batch.
  public var assignmentCount: Int { experts.count }

  /// Where the choices of `token` stand in `experts` and `gates`.
  public func assignments(of token: Int) -> Range<Int> {
    (token == 0 ? 0 : Int(rowEnds[token - 1]))..<Int(rowEnds[token])
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
      guard gates[index].isFinite else { throw .gateNotFinite(assignment: index) }
    }
    for index in experts.indices {
      self.experts.append(UInt16(truncatingIfNeeded: experts[index]))
      self.gates.append(gates[index])
    }
    for _ in 0..<experts.count / expertsPerToken {
      rowEnds.append(Int32((rowEnds.last.map(Int.init) ?? 0) + expertsPerToken))
      self.traits.append(traits)
    }
  }

  /// Empties the selection and keeps its memory.
  public mutating func removeAll() {
    experts.removeAll(keepingCapacity: true)
    gates.removeAll(keepingCapacity: true)
    traits.removeAll(keepingCapacity: true)
    rowEnds.removeAll(keepingCapacity: true)
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
    }
  }
}

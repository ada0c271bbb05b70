/// What an expert read for some tokens, and the gate weights it was given for them.
public struct CalibrationTokens: Hashable, Sendable {
  /// Length of one input.
  public let hidden: Int
  /// `[token][hidden]`.
  public private(set) var inputs: [Float] = []
  /// `[token]`.
  public private(set) var gates: [Float] = []

  /// No tokens.
  public init(hidden: Int) { self.hidden = hidden }

  /// Tokens.
  public var count: Int { gates.count }

  /// Adds a token; an input of another length is ignored.
  public mutating func append(_ input: some Sequence<Float>, gate: Float) {
    let before = inputs.count
    inputs.append(contentsOf: input)
    guard inputs.count == before + hidden else {
      inputs.removeLast(inputs.count - before)
      return
    }
    gates.append(gate)
  }
}

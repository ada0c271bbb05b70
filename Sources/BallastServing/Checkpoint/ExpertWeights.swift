/// The three matrices of one expert, `down · (silu(gate · x) ⊙ (up · x))`, still in their file.
public struct ExpertWeights: Sendable {
  /// `[intermediate][hidden]`, called w1 in the checkpoint.
  public let gate: Tensor
  /// `[intermediate][hidden]`, called w3 in the checkpoint.
  public let up: Tensor
  /// `[hidden][intermediate]`, called w2 in the checkpoint.
  public let down: Tensor
}

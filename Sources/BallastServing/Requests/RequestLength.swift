/// How long a request is.
public struct RequestLength: Hashable, Sendable {
  /// Bytes of its prompt.
  public var promptBytes: Int
  /// Bytes that are generated after it.
  public var generatedBytes: Int

  /// States both lengths.
  public init(promptBytes: Int, generatedBytes: Int) {
    self.promptBytes = promptBytes
    self.generatedBytes = generatedBytes
  }

  /// This length brought to whole bytes that fit `contextBytes`, at least one byte each; what is too long shrinks
  /// in proportion.
  func scaled(by factor: Double, contextBytes: Int) -> RequestLength {
    let prompt = max(1, Double(promptBytes) * factor)
    let generated = max(1, Double(generatedBytes) * factor)
    let shrink = min(1, Double(contextBytes) / (prompt + generated))
    let promptBytes = min(contextBytes - 1, max(1, Int(prompt * shrink)))
    return RequestLength(
      promptBytes: promptBytes, generatedBytes: min(contextBytes - promptBytes, max(1, Int(generated * shrink))))
  }
}

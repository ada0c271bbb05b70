/// A prompt and what follows it in its text: the model is fed the true bytes and scored on them.
public struct Request: Hashable, Sendable {
  /// Where it stands in its list.
  public let id: Int
  /// The domain it comes from, an index into the workload's domains.
  public let domain: Int
  /// The prompt, then the continuation.
  public let bytes: [UInt8]
  /// Bytes of the prompt.
  public let promptBytes: Int

  /// Describes a request.
  ///
  /// - Throws: `WorkloadError.outOfRange` unless prompt and continuation have at least a byte each, and the domain
  ///   is 0…65 535.
  public init(id: Int, domain: Int, bytes: [UInt8], promptBytes: Int) throws(WorkloadError) {
    try WorkloadConfiguration.check("request bytes", bytes.count, 2...Int.max)
    try WorkloadConfiguration.check("prompt bytes", promptBytes, 1...bytes.count - 1)
    try WorkloadConfiguration.check("domain", domain, 0...65_535)
    self.id = id
    self.domain = domain
    self.bytes = bytes
    self.promptBytes = promptBytes
  }
}

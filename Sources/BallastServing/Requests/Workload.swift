import BallastRuntime

/// A list of requests over several domains whose mix shifts from its start to its end.
public struct Workload: Hashable, Sendable {
  // Algorithm: the list has phases of equal length, each with a dominant domain. A domain's share is highest in the
  // middle of its phase and falls linearly to the middles of the neighbours, so phases fade into each other; what
  // the dominant domains leave is even over all. The order of dominance is a seeded shuffle, repeated if phases
  // outnumber domains.

  /// The domains' names; requests name them by index.
  public let domains: [String]
  /// The requests, in the order in which they are handed out.
  public let requests: [Request]

  /// Draws a list.
  ///
  /// - Parameters:
  ///   - texts: One a domain; each has at least `contextBytes`.
  ///   - configuration: How many, and in which mix.
  ///   - lengths: Taken in order, repeated if the list is longer; nil draws prompt and continuation apart, each
  ///     from an octave of the context's sixteenth, eighth or quarter chosen evenly, then evenly within it.
  /// - Throws: `WorkloadError.outOfRange`, `.dominantShare`, `.textTooShort`.
  public init(
    texts: [DomainText], configuration: WorkloadConfiguration, lengths: [RequestLength]? = nil
  ) throws(WorkloadError) {
    try configuration.check()
    try WorkloadConfiguration.check("domains", texts.count, 1...65_535)
    let context = configuration.contextBytes
    for text in texts where text.bytes.count < context {
      throw .textTooShort(domain: text.name, bytes: text.bytes.count, neededBytes: context)
    }
    var random = SplitMix64(seed: configuration.seed)
    let order = Self.shuffled(texts.count, &random)
    var requests: [Request] = []
    for id in 0..<configuration.requests {
      let position = (Double(id) + 0.5) / Double(configuration.requests)
      let domain = Self.domain(at: position, order, configuration, &random)
      var length = Self.drawnLength(context, &random)
      if let lengths, !lengths.isEmpty { length = lengths[id % lengths.count] }
      length = length.scaled(by: 1, contextBytes: context)
      let total = length.promptBytes + length.generatedBytes
      let text = texts[domain].bytes
      let start = random.below(text.count - total + 1)
      requests.append(
        try Request(
          id: id, domain: domain, bytes: Array(text[start..<start + total]), promptBytes: length.promptBytes))
    }
    domains = texts.map(\.name)
    self.requests = requests
  }

  /// Bytes the model is fed over the whole list: all but the last of each request.
  public var fedBytes: Int { requests.reduce(0) { $0 + $1.bytes.count - 1 } }

  private static func shuffled(_ count: Int, _ random: inout SplitMix64) -> [Int] {
    var order = Array(0..<count)
    for index in stride(from: count - 1, to: 0, by: -1) { order.swapAt(index, random.below(index + 1)) }
    return order
  }

  private static func domain(
    at position: Double, _ order: [Int], _ configuration: WorkloadConfiguration, _ random: inout SplitMix64
  ) -> Int {
    guard random.fraction() < configuration.dominantShare else { return random.below(order.count) }
    if configuration.transition == .abrupt {
      return order[min(Int(position * Double(configuration.phases)), configuration.phases - 1) % order.count]
    }
    // Half a phase before the first middle and after the last, the outer phases dominate alone.
    let place = min(Double(configuration.phases - 1), max(0, position * Double(configuration.phases) - 0.5))
    let before = Int(place)
    let isNext = random.fraction() < place - Double(before)
    return order[(before + (isNext ? 1 : 0)) % order.count]
  }

  private static func drawnLength(_ context: Int, _ random: inout SplitMix64) -> RequestLength {
    func draw() -> Int {
      let octave = max(1, (context / 16) << random.below(3))
      return octave + random.below(octave)
    }
    return RequestLength(promptBytes: draw(), generatedBytes: draw())
  }
}

import BallastGating
import BallastRuntime
import Foundation

/// Serves requests on one lane by continuous batching: sequences join and leave between steps.
///
/// A step takes one token of every sequence that generates, and tokens of prompts up to a bound, oldest request
/// first. Generation is teacher-forced: what is fed is the text's next byte, and what is scored is its probability.
public struct ServingWorker: ~Copyable, Sendable {
  private struct Flight: Sendable {
    let request: Request
    /// Bytes the decoder has seen.
    var fed = 0

    init(_ request: Request) { self.request = request }
  }

  /// Tokens of prompts in one step, at most.
  public let prefillTokensPerStep: Int
  private var decoder: Decoder
  /// The request in each slot, `[slot]`.
  private var flights: [Flight?]
  /// Slots whose prompt is not finished, oldest first.
  private var waiting: [Int] = []
  private var batch = TokenBatch()
  /// The slot each row of logits belongs to, `[logit row]`.
  private var scoredSlots: [Int] = []
  /// Scores so far, `[domain]`.
  private var scores: [PredictionScore] = []

  /// A worker that keeps as many sequences in flight as `decoder` has slots.
  ///
  /// - Throws: `DecoderError.outOfRange` when bytes are not the model's tokens, or no prompt could be read.
  public init(decoder: consuming Decoder, prefillTokensPerStep: Int = 64) throws(DecoderError) {
    try decoder.checkBytesAreTokens()
    guard prefillTokensPerStep > 0 else {
      throw .outOfRange(name: "prefillTokensPerStep", value: prefillTokensPerStep, allowed: 1...Int.max)
    }
    self.prefillTokensPerStep = prefillTokensPerStep
    flights = Array(repeating: nil, count: decoder.slots)
    self.decoder = decoder
  }

  /// Serves requests of `queue` until it is exhausted and its own are finished; sleeps while none has arrived.
  ///
  /// - Parameters:
  ///   - queue: Shared with other lanes.
  ///   - isCounted: Whether the tokens count as load; false while warming up.
  ///   - observe: Called after each step, on this thread.
  /// - Returns: `[domain]`, the scores of the bytes generated on this lane.
  /// - Throws: `DecoderError`; its requests in flight are dropped.
  public mutating func run(
    _ queue: RequestQueue, isCounted: Bool = true, observe: (StepRecord) -> Void = { _ in }
  ) throws(DecoderError) -> [PredictionScore] {
    scores = Array(repeating: PredictionScore(), count: queue.domains)
    waiting.removeAll(keepingCapacity: true)
    for slot in flights.indices { land(slot) }
    while true {
      let start = ContinuousClock.now
      admit(queue)
      let decodeTokens = fill(isCounted: isCounted)
      guard batch.tokenCount > 0 else {
        guard let pause = queue.untilNext else { return scores }
        Thread.sleep(forTimeInterval: min(Self.longestPause, pause / .seconds(1)))
        continue
      }
      let expertTime = decoder.expertTime
      let gating = decoder.gateTotals
      let unmet = decoder.unmetAssignments
      try decoder.step(batch)
      score()
      observe(
        StepRecord(
          start: start, end: .now, expertTime: decoder.expertTime - expertTime,
          prefillTokens: batch.tokenCount - decodeTokens, decodeTokens: decodeTokens,
          gating: decoder.gateTotals.since(gating), unmetAssignments: decoder.unmetAssignments - unmet))
    }
  }

  /// Seconds a worker sleeps at once while nothing has arrived.
  private static let longestPause = 0.002

  /// Gives every free slot a request.
  private mutating func admit(_ queue: RequestQueue) {
    for slot in flights.indices where flights[slot] == nil {
      guard let request = queue.next() else { return }
      flights[slot] = Flight(request)
      waiting.append(slot)
    }
  }

  /// Gathers the step's tokens; returns how many of them are generated ones.
  private mutating func fill(isCounted: Bool) -> Int {
    batch.removeAll()
    scoredSlots.removeAll(keepingCapacity: true)
    let decode = TokenTraits(phase: .decode, isCounted: isCounted)
    for slot in flights.indices {
      guard let flight = flights[slot], flight.fed >= flight.request.promptBytes else { continue }
      append(1, of: flight, slot: slot, traits: decode)
    }
    let decodeTokens = batch.tokenCount
    let prefill = TokenTraits(phase: .prefill, isCounted: isCounted)
    var room = prefillTokensPerStep
    for slot in waiting {
      guard room > 0, let flight = flights[slot] else { break }
      let count = min(room, flight.request.promptBytes - flight.fed)
      append(count, of: flight, slot: slot, traits: prefill)
      room -= count
    }
    waiting.removeAll { slot in flights[slot].map { $0.fed >= $0.request.promptBytes } ?? true }
    return decodeTokens
  }

  private mutating func append(_ count: Int, of flight: Flight, slot: Int, traits: TokenTraits) {
    let end = flight.fed + count
    let isScored = end >= flight.request.promptBytes
    batch.append(
      flight.request.bytes.span.extracting(flight.fed..<end), slot: slot, traits: traits, scored: isScored ? 1 : 0)
    if isScored { scoredSlots.append(slot) }
    flights[slot]?.fed = end
  }

  /// Scores the byte that follows each scored row; sequences that have none left after it leave.
  private mutating func score() {
    for (row, slot) in scoredSlots.enumerated() {
      guard let flight = flights[slot] else { continue }
      var prediction = PredictionScore()
      prediction.add(logits: decoder.logits(row: row), next: flight.request.bytes[flight.fed])
      scores[flight.request.domain].add(prediction)
      if flight.fed + 1 == flight.request.bytes.count { land(slot) }
    }
  }

  private mutating func land(_ slot: Int) {
    flights[slot] = nil
    decoder.clear(slot: slot)
  }
}

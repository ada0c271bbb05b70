import BallastRuntime
import Testing

@testable import BallastServing

@Suite struct ServingWorkerTests {
  private func workload(_ requests: Int) throws -> Workload {
    let texts = try ["c", "math", "swift"].map { DomainText(name: $0, bytes: try BundledModel.text($0)) }
    var configuration = WorkloadConfiguration(requests: requests)
    configuration.contextBytes = 48
    return try Workload(texts: texts, configuration: configuration)
  }

  private func worker(_ path: ServingPath, slots: Int, prefill: Int = 16) throws -> ServingWorker {
    try ServingWorker(
      decoder: try Decoder(
        weights: BundledModel.weights.get(), lane: try path.makeLane(), slots: slots, contextTokens: 48),
      prefillTokensPerStep: prefill)
  }

  @Test func everyGeneratedByteIsScoredWhateverTheBatching() throws {
    let workload = try workload(12)
    let path = try BundledModel.executor.get().path(lanes: 2)
    var together = try worker(path, slots: 5)
    var alone = try worker(path, slots: 1, prefill: 1000)
    let scores = try together.run(RequestQueue(workload.requests))
    let expected = try alone.run(RequestQueue(workload.requests))
    for domain in 0..<3 {
      let generated = workload.requests.filter { $0.domain == domain }.reduce(0) {
        $0 + $1.bytes.count - $1.promptBytes
      }
      #expect(scores[domain].bytes == generated)
      #expect(scores[domain].correctBytes == expected[domain].correctBytes)
      #expect(abs(scores[domain].bits - expected[domain].bits) < 1e-2)
    }
  }

  @Test func stepsAddUpToTheListAndKeepTheirBounds() throws {
    let workload = try workload(10)
    let path = try BundledModel.executor.get().path()
    var worker = try worker(path, slots: 4)
    var steps: [StepRecord] = []
    _ = try worker.run(RequestQueue(workload.requests)) { steps.append($0) }
    #expect(steps.reduce(0) { $0 + $1.prefillTokens + $1.decodeTokens } == workload.fedBytes)
    #expect(steps.allSatisfy { $0.prefillTokens <= 16 && $0.decodeTokens <= 4 })
    #expect(steps.contains { $0.prefillTokens > 0 && $0.decodeTokens > 0 })
    #expect(steps.allSatisfy { $0.duration > .zero })
  }

  @Test func requestsThatArriveLaterAreServedToo() throws {
    let workload = try workload(6)
    let path = try BundledModel.executor.get().path()
    var worker = try worker(path, slots: 4)
    let arrivals: [Duration] = (0..<6).map { .milliseconds($0 < 3 ? 0 : 60) }
    let scores = try worker.run(RequestQueue(workload.requests, arrivals: arrivals))
    let generated = workload.requests.reduce(0) { $0 + $1.bytes.count - $1.promptBytes }
    #expect(scores.reduce(0) { $0 + $1.bytes } == generated)
  }

  @Test func phasesAreCountedApartAndWarmingUpIsNotCounted() throws {
    let workload = try workload(6)
    let path = try BundledModel.executor.get().path()
    var worker = try worker(path, slots: 4)
    _ = try worker.run(RequestQueue(workload.requests), isCounted: false)
    #expect(tokens(path, .prefill) == 0)
    _ = try worker.run(RequestQueue(workload.requests))
    let prompts = workload.requests.reduce(0) { $0 + $1.promptBytes }
    #expect(tokens(path, .prefill) == prompts * 4)
    #expect(tokens(path, .decode) == (workload.fedBytes - prompts) * 4)
  }

  /// Choices counted in the first layer.
  private func tokens(_ path: ServingPath, _ phase: Phase) -> Int {
    let totals = path.counters.totals()
    return (0..<32).reduce(0) { $0 + Int(totals[phase, LayerID(0), ExpertID($1)]) }
  }

  @Test func aRequestLongerThanTheContextIsAnErrorAndTheWorkerGoesOn() throws {
    let path = try BundledModel.executor.get().path()
    var worker = try worker(path, slots: 1, prefill: 100)
    let long = try Request(id: 0, domain: 0, bytes: [UInt8](repeating: 32, count: 60), promptBytes: 50)
    #expect(throws: DecoderError.contextExceeded(slot: 0, tokens: 50, limit: 48)) {
      try worker.run(RequestQueue([long]))
    }
    let short = try Request(id: 0, domain: 0, bytes: [65, 66, 67], promptBytes: 1)
    #expect(try worker.run(RequestQueue([short]))[0].bytes == 2)
  }
}

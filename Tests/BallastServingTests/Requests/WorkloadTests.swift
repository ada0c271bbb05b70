import Testing

@testable import BallastServing

@Suite struct WorkloadTests {
  private let texts = (0..<3).map { domain in
    DomainText(name: "domain\(domain)", bytes: (0..<1000).map { UInt8(($0 + domain * 7) % 251) })
  }

  @Test func aSeedDecidesTheWholeList() throws {
    var configuration = WorkloadConfiguration(requests: 200)
    let first = try Workload(texts: texts, configuration: configuration)
    #expect(try Workload(texts: texts, configuration: configuration) == first)
    configuration.seed = 2
    #expect(try Workload(texts: texts, configuration: configuration).requests != first.requests)
  }

  @Test func requestsAreExcerptsThatFitTheContext() throws {
    let workload = try Workload(texts: texts, configuration: WorkloadConfiguration(requests: 300))
    for request in workload.requests {
      #expect(request.bytes.count <= 256)
      #expect((1..<request.bytes.count).contains(request.promptBytes))
      let text = texts[request.domain].bytes
      #expect(
        (0...text.count - request.bytes.count).contains {
          text[$0] == request.bytes[0] && text[$0..<$0 + request.bytes.count].elementsEqual(request.bytes)
        })
    }
    #expect(workload.fedBytes == workload.requests.reduce(0) { $0 + $1.bytes.count } - 300)
  }

  @Test func anAbruptPhaseHasItsDomainAloneUntilTheNext() throws {
    var configuration = WorkloadConfiguration(requests: 400)
    (configuration.transition, configuration.dominantShare) = (.abrupt, 1)
    let domains = try Workload(texts: texts, configuration: configuration).requests.map(\.domain)
    // Four phases of three domains: the first comes back.
    for phase in 0..<4 { #expect(Set(domains[phase * 100..<(phase + 1) * 100]).count == 1) }
    #expect(Set(domains[..<300]).count == 3)
    #expect(domains[399] == domains[0])
  }

  @Test func eachPhaseIsDominatedByItsDomainAndFadesIntoTheNext() throws {
    var configuration = WorkloadConfiguration(requests: 3000)
    configuration.phases = 3
    let workload = try Workload(texts: texts, configuration: configuration)
    func shares(_ range: Range<Int>) -> [Double] {
      (0..<3).map { domain in
        Double(workload.requests[range].filter { $0.domain == domain }.count) / Double(range.count)
      }
    }
    let middles = [shares(400..<600), shares(1400..<1600), shares(2400..<2600)]
    let dominant = middles.map { $0.firstIndex(of: $0.max() ?? 0) }
    #expect(Set(dominant).count == 3)
    #expect(middles.allSatisfy { ($0.max() ?? 0) > 0.7 })
    // Between two middles, both share.
    #expect((shares(900..<1100).max() ?? 1) < 0.6)
  }

  @Test func drawnLengthsCoverThreeOctavesOfTheContextEvenly() throws {
    let requests = try Workload(texts: texts, configuration: WorkloadConfiguration(requests: 3000)).requests
    for lengths in [requests.map(\.promptBytes), requests.map { $0.bytes.count - $0.promptBytes }] {
      #expect(lengths.min() == 16 && lengths.max() == 127)
      for octave in [16..<32, 32..<64, 64..<128] {
        #expect(abs(lengths.filter(octave.contains).count - 1000) < 120)
      }
    }
  }

  @Test func givenLengthsAreTakenInOrderAndRepeated() throws {
    let lengths = [
      RequestLength(promptBytes: 10, generatedBytes: 5), RequestLength(promptBytes: 300, generatedBytes: 100),
    ]
    let workload = try Workload(texts: texts, configuration: WorkloadConfiguration(requests: 3), lengths: lengths)
    #expect(workload.requests.map(\.promptBytes) == [10, 192, 10])
    #expect(workload.requests.map(\.bytes.count) == [15, 256, 15])
  }

  @Test func impossibleListsAreRefused() throws {
    var configuration = WorkloadConfiguration(requests: 0)
    #expect(throws: WorkloadError.outOfRange(name: "requests", value: 0, allowed: 1...100_000_000)) {
      try Workload(texts: texts, configuration: configuration)
    }
    configuration.requests = 1
    configuration.contextBytes = 1001
    #expect(throws: WorkloadError.textTooShort(domain: "domain0", bytes: 1000, neededBytes: 1001)) {
      try Workload(texts: texts, configuration: configuration)
    }
    configuration.contextBytes = 256
    configuration.dominantShare = .nan
    #expect(throws: WorkloadError.self) { try Workload(texts: texts, configuration: configuration) }
    #expect(throws: WorkloadError.outOfRange(name: "prompt bytes", value: 2, allowed: 1...1)) {
      try Request(id: 0, domain: 0, bytes: [1, 2], promptBytes: 2)
    }
  }
}

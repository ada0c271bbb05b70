import Testing

@testable import BallastServing

@Suite struct ArrivalsTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private var path: String { directory.path + "/arrivals.csv" }

  private func read(_ text: String) throws -> Arrivals {
    try Arrivals(path: try directory.write(text, "arrivals.csv"))
  }

  @Test func readsLengthsInOrder() throws {
    let arrivals = try read("TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46.6,374,44\r\n1,0,7")
    #expect(
      arrivals.lengths == [
        RequestLength(promptBytes: 374, generatedBytes: 44), RequestLength(promptBytes: 0, generatedBytes: 7),
      ])
  }

  @Test(arguments: ["a,1", "a,1,2,3", "a,x,2", "a,1,-2", "a,1,99999999999999999999", ",1,2", ""])
  func aMalformedLineIsNamed(line: String) throws {
    #expect(
      throws: WorkloadError.malformedLine(
        file: path, line: 3, value: line, expected: "a time and two integers of 0 to 1000000000")
    ) { try read("\(Arrivals.header)\nt,1,1\n\(line)\nt,1,1\n") }
  }

  @Test func theHeaderMustBeThere() throws {
    #expect(throws: WorkloadError.self) { try read("t,1,1\n") }
    #expect(throws: WorkloadError.self) { try read("") }
    #expect(throws: WorkloadError.noArrivals(file: path)) { try read(Arrivals.header + "\n") }
  }

  @Test func theMedianTakesHalfTheContextAndNothingMore() throws {
    let arrivals = try read("\(Arrivals.header)\na,100,100\nb,1000000000,1000000000\nc,1,0\n")
    let scaled = try arrivals.scaled(contextBytes: 256)
    #expect(scaled[0] == RequestLength(promptBytes: 64, generatedBytes: 64))
    #expect(scaled[1] == RequestLength(promptBytes: 128, generatedBytes: 128))
    #expect(scaled[2] == RequestLength(promptBytes: 1, generatedBytes: 1))
    #expect(throws: WorkloadError.self) { try arrivals.scaled(contextBytes: 1) }
  }
}

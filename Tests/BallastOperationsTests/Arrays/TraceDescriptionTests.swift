import Testing

@testable import BallastOperations

@Suite struct TraceDescriptionTests {
  @Test func readsTheDescriptionBesideATrace() throws {
    let scratch = try Scratch()
    #expect(try TraceDescription.beside(scratch.path("a.npy")) == TraceDescription())
    try scratch.write("meta.json", #"{"topk": 2, "experts": 64, "tasks": {"x": [1, 2]}}"#)
    #expect(try TraceDescription.beside(scratch.path("a.npy")) == TraceDescription(experts: 64, expertsPerToken: 2))
    try scratch.write("meta.json", #"{"experts": 65536}"#)
    #expect {
      try TraceDescription.beside(scratch.path("a.npy"))
    } throws: { error in
      "\(error)".hasSuffix("\"experts\" is 65536; allowed is 1 to 65535")
    }
  }
}

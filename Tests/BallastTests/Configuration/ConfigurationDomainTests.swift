import Testing

@testable import Ballast

@Suite struct ConfigurationDomainTests {
  static func outcome(_ domain: ConfigurationDomain, _ text: String) -> String {
    switch domain.read(text) {
    case .value(let value): "\(value)"
    case .wrongType: "wrong type"
    case .outOfRange: "out of range"
    }
  }

  @Test(arguments: [
    ("5", "5"), ("-5", "out of range"), ("+7", "7"), ("007", "7"), ("11", "out of range"), ("5.0", "wrong type"),
    ("٥", "wrong type"), ("5 ", "wrong type"), ("", "wrong type"), ("99999999999999999999", "out of range"),
  ])
  func readsIntegers(_ text: String, _ expected: String) {
    #expect(Self.outcome(.integers(0...10), text) == expected)
  }

  @Test(arguments: [
    ("5", "5"), ("5.", "5"), ("0.25", "0.25"), ("1e1", "10"), ("1e-400", "0"), ("1e400", "out of range"),
    ("10.1", "out of range"), ("-0", "0"), ("nan", "wrong type"), ("inf", "wrong type"), (".5", "wrong type"),
    ("0x1p3", "wrong type"), ("1,5", "wrong type"),
  ])
  func readsNumbers(_ text: String, _ expected: String) {
    #expect(Self.outcome(.numbers(0...10), text) == expected)
  }

  @Test func readsWords() {
    let domain = ConfigurationDomain.words(["act", "observe"])
    #expect(Self.outcome(domain, "act") == "act")
    #expect(Self.outcome(domain, "Act") == "out of range")
    #expect(domain.description == "one of act, observe")
  }

  @Test func readsExperts() {
    #expect(Self.outcome(.experts, "none") == "none")
    #expect(Self.outcome(.experts, "3:17 0:4") == "0:4 3:17")
    #expect(Self.outcome(.experts, "3:17 all") == "wrong type")
    #expect(Self.outcome(.experts, "") == "wrong type")
    #expect(ConfigurationDomain.experts.isText)
    #expect(!ConfigurationDomain.integers(0...1).isText)
  }
}

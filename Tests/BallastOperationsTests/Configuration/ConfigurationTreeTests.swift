import BallastControl
import Testing

@testable import Ballast
@testable import BallastOperations

@Suite struct ConfigurationTreeTests {
  static func read(_ text: String, _ environment: [String: String] = [:]) throws -> BalancerConfiguration {
    try ConfigurationSchema.configuration(text: text, file: "b.yaml", environment: environment)
  }

  @Test(arguments: [
    "", "\n", "# only words\n", "---\n", "{}", "controller:\n  # dwellTicks: 1\nplanner:\n", "---\n{}\n...\n",
  ])
  func takesNothingForTheDefaults(_ text: String) throws {
    if text == "---\n" {
      #expect(throws: ConfigurationError.self) { try Self.read(text) }
    } else {
      #expect(try Self.read(text) == BalancerConfiguration())
    }
  }

  @Test(arguments: [
    "mode: observe\ncontroller:\n  dwellTicks: 9\n", "{\"mode\": \"observe\", \"controller\": {\"dwellTicks\": 9}}",
    "{\n\t\"controller\": {\n\t\t\"dwellTicks\": 9\n\t},\n\t\"mode\": \"observe\"\n}\n",
    "controller: {dwellTicks: 9}\r\nmode: 'observe'\r\n", "\u{FEFF}mode: observe\ncontroller: {dwellTicks: 9}",
  ])
  func readsBothLanguages(_ text: String) throws {
    #expect(
      try Self.read(text) == BalancerConfiguration(mode: .observe, controller: ControllerConfiguration(dwellTicks: 9)))
  }

  @Test(arguments: [
    ("controler:\n  dwellTicks: 1\n", 1, "controler", "controller"),
    ("controller:\n  dwelTicks: 1\n", 2, "controller.dwelTicks", "controller.dwellTicks"),
    ("\ndwellTicks: 1\n", 2, "dwellTicks", "controller.dwellTicks"),
    ("planner:\n  dwellTicks: 1\n", 2, "planner.dwellTicks", "controller.dwellTicks"),
    ("controller.dwellTicks: 1\n", 1, "controller.dwellTicks", "dwellTicks in a section controller"),
    ("zzz: 1\n", 1, "zzz", nil),
    ("\"\": 1\n", 1, "", nil),
  ])
  func namesUnknownKeys(_ text: String, _ line: Int, _ key: String, _ suggestion: String?) {
    #expect(
      throws: ConfigurationError.unknownKey(origin: .file("b.yaml", line: line), key: key, suggestion: suggestion)
    ) { try Self.read(text) }
  }

  @Test func namesDuplicates() {
    #expect(throws: ConfigurationError.duplicateKey(origin: .file("b.yaml", line: 1), key: "mode")) {
      try Self.read("mode: act\nmode: act\n")
    }
    #expect(throws: ConfigurationError.duplicateKey(origin: .file("b.yaml", line: 2), key: "dwellTicks")) {
      try Self.read("controller:\n  dwellTicks: 1\n  dwellTicks: 2\n")
    }
    #expect(throws: ConfigurationError.self) { try Self.read("controller: {}\n\"controller\": {}\n") }
  }

  @Test(arguments: [
    "[]", "7", "words", "- mode: act", "controller: 7", "controller: [1]", "? [a]\n: 1", "controller: ~",
  ])
  func asksForKeysAndValues(_ text: String) {
    #expect { try Self.read(text) } throws: { error in
      if case .notKeys = error as? ConfigurationError { true } else { false }
    }
  }

  @Test(arguments: [
    "mode: [", "{", "}", "mode: 'act", "a: b: c", "\tmode: act", "mode: act\n--- \nmode: act",
    "%YAML 9.9\n---\nmode: act",
    "mode: \"\\uD800\"", "mode: !!binary x: y", "\u{0}", "mode: act\u{7}",
  ])
  func refusesBrokenText(_ text: String) {
    #expect(throws: ConfigurationError.self) { try Self.read(text) }
  }

  @Test(arguments: [
    "mode: &a act", "&a mode: act", "&a {mode: act}", "controller: &c {dwellTicks: 1}", "mode: act\nx: *a",
    "controller: {dwellTicks: &d 1, cooldownTicks: *d}", "a: &a x\n*a : b",
  ])
  func refusesAliases(_ text: String) {
    #expect { try Self.read(text) } throws: { error in
      switch error as? ConfigurationError {
      case .aliasUsed, .syntax: true
      default: false
      }
    }
  }

  @Test func survivesAliasBombs() throws {
    let long = String(repeating: "x", count: 500_000)
    let doubling = (1..<60).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]" }.joined(separator: "\n")
    #expect(throws: ConfigurationError.aliasUsed(origin: .file("b.yaml", line: 1))) {
      try Self.read("a0: &a0 x\n" + doubling + "\n? *a59\n: 1\n? *a59\n: 2\n")
    }
    let few = (1...2).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1), *a\($0 - 1)]" }.joined(separator: "\n")
    #expect(throws: ConfigurationError.self) { try Self.read("a0: &a0 \(long)\n" + few + "\n? *a2\n: 1\n? *a2\n: 1\n") }
    let remark = "# R&D says *this* and *that*\n"
    #expect(throws: ConfigurationError.self) { try Self.read(remark + "mode: *a\n") }
    #expect(try Self.read(remark + "mode: observe\n").mode == .observe)
    #expect(throws: ConfigurationError.aliasUsed(origin: .file("b.yaml", line: 1))) {
      try Self.read("{\"mode\":&a act,\"x\":*a}")
    }
  }

  @Test(arguments: ["[", "{", "- ", "? ", "a: {", "[a, "])
  func survivesDeepNesting(_ opening: String) {
    #expect {
      try Self.read(String(repeating: opening, count: 100_000))
    } throws: { error in
      "\(error)".hasSuffix(": nested too deeply")
    }
    let closing = opening.contains("[") ? "]" : "}"
    let balanced = String(repeating: opening, count: 900) + String(repeating: closing, count: 900)
    #expect(throws: ConfigurationError.self) { try Self.read(balanced) }
  }

  @Test func survivesManyAndLongKeys() {
    let many = (0..<20_000).map { "key\($0): 1\n" }.joined()
    #expect(throws: ConfigurationError.self) { try Self.read(many) }
    let long = String(repeating: "k", count: 500_000)
    #expect { try Self.read("\"\(long)\": 1") } throws: { error in "\(error)".utf8.count < 300 }
    #expect { try Self.read("mode: \(long)") } throws: { error in "\(error)".utf8.count < 300 }
    #expect { try Self.read("mode: \"\\e[31m\\n\"") } throws: { error in !"\(error)".contains("\u{1B}") }
  }

  @Test func environmentOverridesTheFile() throws {
    let environment = [
      "BALLAST_MODE": "observe", "BALLAST_CONTROLLER_DWELL_TICKS": "5", "BALLAST_HOME": "/elsewhere", "PATH": "x",
    ]
    let configuration = try Self.read("mode: advise\ncontroller: {cooldownTicks: 4}", environment)
    #expect(configuration.mode == .observe)
    #expect(configuration.controller.dwellTicks == 5)
    #expect(configuration.controller.cooldownTicks == 4)
  }

  @Test func namesUnknownVariables() {
    #expect {
      try Self.read("", ["BALLAST_CONTROLLER_DWEL_TICKS": "5"])
    } throws: { error in
      "\(error)"
        == "environment variable BALLAST_CONTROLLER_DWEL_TICKS: unknown key BALLAST_CONTROLLER_DWEL_TICKS; "
        + "did you mean BALLAST_CONTROLLER_DWELL_TICKS?"
    }
    #expect(throws: ConfigurationError.self) { try Self.read("", ["BALLAST_MODE": ""]) }
  }
}

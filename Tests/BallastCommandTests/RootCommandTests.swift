import Testing

@Suite struct RootCommandTests {
  @Test func saysItsVersion() throws {
    let version = try expectDone(["--version"], in: Scratch())
    #expect(version.split(separator: ".").count == 3)
  }

  @Test(arguments: [
    [], ["run"], ["plan"], ["replay"], ["config"], ["config", "check"], ["bench"], ["bench", "record"],
    ["bench", "dispatch"], ["bench", "publish"], ["bench", "pause"], ["bench", "all"], ["bench", "instances"],
    ["figure"], ["figure", "activation"], ["figure", "borrowing"],
  ])
  func everyVerbExplainsItself(verb: [String]) throws {
    let help = try expectDone(verb + ["--help"], in: Scratch())
    #expect(help.contains("USAGE: ballast"))
    if verb != ["run"] { #expect(help.lowercased().contains("exit status: 0")) }
    if verb.isEmpty {
      for name in ["run", "plan", "replay", "bench", "figure", "config"] { #expect(help.contains("  \(name) ")) }
    }
  }

  @Test(arguments: [
    ["serve"], ["--nope"], ["plan"], ["plan", "a.npy", "--nope"], ["replay"], ["replay", "a.npy"],
    ["replay", "a.npy", "--window", "2"], ["replay", "a.npy", "--policy", "greedy"], ["config", "check"],
    ["config", "show"], ["run", "extra"],
  ])
  func whatIsNotUnderstoodEndsWithTwo(arguments: [String]) throws {
    try expectUsageError(arguments, in: Scratch(), naming: ["Usage: ballast"])
  }
}

import Testing

@Suite struct ConfigCommandTests {
  @Test func whatItPrintsIsValid() throws {
    let scratch = try Scratch()
    let printed = try expectDone(["config"], in: scratch)
    #expect(try expectDone(["config", "print"], in: scratch) == printed)
    #expect(printed.contains("enterImbalance:"))
    #expect(printed.contains("BALLAST_CONTROLLER_ENTER_IMBALANCE"))
    try scratch.write("printed.yaml", printed)
    #expect(try expectDone(["config", "check", "printed.yaml"], in: scratch) == "printed.yaml: valid\n")
  }

  @Test(arguments: ["", "mode: observe\n", "{\"mode\": \"advise\", \"controller\": {\"dwellTicks\": 3}}"])
  func acceptsYAMLAndJSON(text: String) throws {
    let scratch = try Scratch()
    try scratch.write("c", text)
    try expectDone(["config", "check", "c"], in: scratch)
  }

  @Test(arguments: [
    ("controller:\n  enterImbalanc: 1.2\n", ["c:2", "controller.enterImbalanc", "did you mean"]),
    ("controller:\n  dwellTicks: soon\n", ["controller.dwellTicks is soon", "1 to 1000000"]),
    ("controller:\n  dwellTicks: 1.5\n", ["controller.dwellTicks is 1.5", "whole number"]),
    ("controller:\n  dwellTicks: 0\n", ["controller.dwellTicks is 0", "1 to 1000000"]),
    ("controller:\n  dwellTicks: 99999999999999999999999\n", ["controller.dwellTicks", "1 to 1000000"]),
    ("controller:\n  enterImbalance: .nan\n", ["controller.enterImbalance", "1 to 1000"]),
    ("mode: sometimes\n", ["mode is sometimes", "observe, advise, act"]),
    ("mode: act\nmode: observe\n", ["mode is given twice"]),
    ("a: &a [1, 1]\nb: *a\n", ["anchors and aliases"]),
    ("- mode\n", ["c:1"]), ("5", ["c:1"]), ("{\"mode\":", ["c:"]),
    (String(repeating: "[", count: 50_000), ["c:1", "nested too deeply"]),
    ("mode: act\n---\nmode: observe\n", ["c:"]), ("mode: \"\\0\"\n", ["mode is"]),
  ])
  func refusesBadFiles(text: String, fragments: [String]) throws {
    let scratch = try Scratch()
    try scratch.write("c", text)
    try expectRefused(["config", "check", "c"], in: scratch, naming: fragments)
  }

  @Test func refusesFilesThatAreNoText() throws {
    let scratch = try Scratch()
    try scratch.write("binary", [0xFF, 0xFE, 0, 0xFD])
    try expectRefused(["config", "check", "binary"], in: scratch, naming: ["binary"])
    try expectRefused(["config", "check", "missing"], in: scratch, naming: ["missing", "No such file"])
    try expectRefused(["config", "check", "."], in: scratch, naming: ["not a regular file"])
  }

  @Test func theEnvironmentIsChecked() throws {
    let scratch = try Scratch()
    try scratch.write("c", "")
    let check = ["config", "check", "c"]
    try expectDone(check, in: scratch, environment: ["BALLAST_MODE": "observe", "BALLAST_HOME": "/elsewhere"])
    for (name, value, fragment) in [
      ("BALLAST_MODE", "never", "observe, advise, act"), ("BALLAST_CONTROLLER_DWELL_TICKS", "-1", "1 to 1000000"),
      ("BALLAST_CONTROLLER_DWEL_TICKS", "3", "did you mean BALLAST_CONTROLLER_DWELL_TICKS"),
      ("BALLAST_CONTROLER_DWELL_TICKS", "3", "did you mean BALLAST_CONTROLLER_DWELL_TICKS"),
    ] {
      try expectRefused(check, in: scratch, naming: [name, fragment], environment: [name: value])
    }
  }
}

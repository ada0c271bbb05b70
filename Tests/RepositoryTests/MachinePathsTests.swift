import Testing

@Suite struct MachinePathsTests {
  @Test func nothingNamesAPathOfOneMachine() throws {
    let extensions: Set = ["swift", "c", "h", "md", "yaml", "json", "modulemap"]
    var files = try ["Sources", "docs", "Examples", "Benchmarks"].flatMap {
      try Repository.files(in: $0, extensions: extensions)
    }
    files += try ["README.md", "Makefile", "Package.swift", ".ci/run"].map(Repository.file)
    expectNone(files.flatMap(MachinePaths.violations))
  }

  @Test(arguments: ["/work/", "/root/", "/tmp/"])
  func aPathIsSeen(path: String) {
    let page = SourceFile(path: "docs/fixture.md", text: "First.\nSee \(path)main for more.\n")
    #expect(MachinePaths.violations(in: page).map(\.line) == [2])
  }
}

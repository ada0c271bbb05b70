import Testing

@Suite struct ImportsTests {
  @Test func everyModuleImportsWhatTheArchitectureAllows() throws {
    expectNone(try Repository.swiftFiles(in: "Sources").flatMap(Imports.violations))
  }

  @Test func everyModuleImportsLowerLevelsOnly() {
    #expect(Imports.upwardImports(in: Imports.architecture) == [])
  }

  @Test func theTableNamesExactlyTheModulesThereAre() throws {
    let folders = Set(try Repository.files(in: "Sources", extensions: ["swift", "c", "h"]).map(\.module))
    #expect(folders == Set(Imports.architecture.map(\.name)))
  }

  @Test(arguments: [
    "import Foundation", "public import BallastControl", "@preconcurrency import Dispatch",
    "import struct Foundation.URL", "internal import Yams",
  ])
  func aForbiddenImportIsSeen(line: String) {
    let file = SourceFile(path: "Sources/BallastRuntime/Load/Fixture.swift", text: "// why\n\(line)\n")
    #expect(Imports.violations(in: file).map(\.line) == [2])
  }

  @Test func anImportInACommentOrAStringIsNone() {
    let text = "// import Foundation\nlet text = \"\"\"\n  import Foundation\n  \"\"\"\n"
    #expect(Imports.violations(in: SourceFile(path: "Sources/BallastRuntime/Fixture.swift", text: text)) == [])
  }

  @Test func anUnknownModuleIsSeen() {
    #expect(Imports.violations(in: SourceFile(path: "Sources/Surprise/Fixture.swift", text: "")).count == 1)
  }

  @Test func anUpwardImportIsSeen() {
    let table = [
      Imports.Module(name: "Low", level: 0, modules: ["High"]),
      Imports.Module(name: "High", level: 1, modules: ["Low"]),
    ]
    #expect(Imports.upwardImports(in: table) == ["Low imports High"])
  }
}

import Foundation
import Testing

/// The commands of `docs/plan-by-hand.md`, and the numbers it gives.
@Suite struct PlanByHandTests {
  private static let loads = Repository.folder + "/Examples/Loads/by-hand.npy"

  private static func page() throws -> String {
    try String(contentsOfFile: Repository.folder + "/docs/plan-by-hand.md", encoding: .utf8)
  }

  private static func plan(_ options: [String]) throws -> String {
    let scratch = try Scratch()
    try scratch.write("current.json", "{\"placement\": [[[0, 1], [2, 3]]]}")
    return try expectDone(["plan", loads, "--devices", "2"] + options, in: scratch)
  }

  @Test func theExpertsThatGetACopyAreThoseOfThePage() throws {
    let page = try Self.page()
    for line in try Self.plan(["--copies", "6"]).split(separator: "\n").prefix(3) {
      #expect(page.contains("    " + line), "\(line)")
    }
  }

  @Test func lanesDivideEvenly() throws {
    #expect(try Self.plan(["--copies", "6", "--split", "dispatch"]).contains("device imbalance 1.0000"))
  }

  @Test func aMoveIsMadeWhenItPays() throws {
    let page = try Self.page()
    let current = ["--copies", "4", "--current", "current.json"]
    let lines = try Self.plan(current).split(separator: "\n")
    for line in lines where line.hasPrefix("device imbalance") || line.hasPrefix("copies moved") {
      #expect(page.contains("    " + line), "\(line)")
    }
    #expect(lines.contains { $0.contains("device 0 to 1") && $0.contains("had 1.48 times the mean time") })
    #expect(try Self.plan(current + ["--plan-life", "100"]).contains("copies moved      0 (0 bytes)"))
  }

  @Test func aLostDeviceCostsWhatItHeld() throws {
    let printed = try Self.plan(["--copies", "4", "--current", "current.json", "--lost", "1"])
    #expect(printed.contains("copies moved      2 (33554432 bytes)"))
    #expect(printed.contains("device 1 is lost"))
    #expect(printed.contains("0 1 2 3"))
  }
}

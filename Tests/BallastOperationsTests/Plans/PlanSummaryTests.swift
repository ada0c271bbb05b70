import Testing

@testable import BallastOperations

@Suite struct PlanSummaryTests {
  @Test func saysWhatEachDeviceHolds() throws {
    let document = try LoadPlanningTests.planning(copies: 6).document()
    let text = PlanSummary(document).text
    let lines = text.split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix("  device ") }.count == 4)
    for (layer, devices) in document.placement.enumerated() {
      #expect(text.contains("layer \(layer): 6 replicas"))
      for experts in devices { #expect(text.contains("%  " + experts.map(String.init).joined(separator: " "))) }
    }
    #expect(text.contains("several copies of 0 (2)"))
    #expect(!text.contains("before"))
  }

  @Test func namesLowPrecision() throws {
    let document = try LoadPlanningTests.planning(budget: .share(0.5), precision: .int8).document()
    #expect(PlanSummary(document).text.contains("0:int8"))
  }
}

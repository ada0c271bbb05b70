import BallastControl
import BallastRuntime
import Testing

@testable import BallastOperations

@Suite struct LoadPlanningTests {
  static func planning(
    copies: Int? = nil, start: Placement? = nil, budget: MemoryAllowance? = nil, precision: Precision = .bfloat16,
    quality: Double = 0.01, isGreedy: Bool = false
  ) throws -> LoadPlanning {
    let loads: [Int32] = [60, 20, 10, 10, 5, 5, 1, 89]
    return LoadPlanning(
      model: try RecordedTraffic.model(copies: copies, layers: 2),
      loads: try LoadTable(NumericArray(loads, shape: [2, 4])), start: start, budget: budget, precision: precision,
      qualityBudget: quality, split: .even, isGreedy: isGreedy, planLifeWindows: 1000)
  }

  @Test(arguments: [false, true])
  func copiesAreSpreadEvenly(isGreedy: Bool) throws {
    let document = try Self.planning(copies: 6, isGreedy: isGreedy).document()
    #expect(document.placement.allSatisfy { $0.map(\.count) == [3, 3] })
    #expect(document.replicaCounts.allSatisfy { $0.reduce(0, +) == 6 })
    #expect(document.deviceImbalance.before == nil)
    #expect(document.shares.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-12 })
    #expect(document.planMilliseconds > 0)
  }

  @Test(arguments: [1.0, 0.9, 0.75, 0.6, 0.5])
  func aBudgetIsKeptByQuantizing(share: Double) throws {
    let planning = try Self.planning(budget: .share(share), precision: .int8)
    let document = try planning.document()
    for device in 0..<2 {
      let bytes = document.precision.flatMap { $0[device] }.reduce(0) { $0 + ($1 == "int8" ? 500 : 1000) }
      #expect(bytes <= Int(share * 8000) / 2)
    }
    #expect(document.placement.allSatisfy { Set($0.joined()) == [0, 1, 2, 3] })
    if share == 1 { #expect(document.precision.joined().joined().contains("bfloat16")) }
  }

  @Test func budgetsTooSmallAreRefused() {
    #expect(
      throws: LoadPlanningError.budgetTooSmall(precision: .int8, devices: 2, neededBytes: 2000, budgetBytes: 1600)
    ) { try Self.planning(budget: .share(0.4), precision: .int8).document() }
    #expect(
      throws: LoadPlanningError.budgetTooSmall(precision: .bfloat16, devices: 2, neededBytes: 4000, budgetBytes: 3999)
    ) { try Self.planning(budget: .bytes(7999)).document() }
    #expect {
      try Self.planning(budget: .share(0.3), precision: .int4).document()
    } throws: { error in
      guard case .qualityBudgetTooSmall(let needed, 0.01)? = error as? LoadPlanningError else { return false }
      return needed > 0.05
    }
  }

  @Test func aPlacementBeyondTheBudgetIsRefused() throws {
    let model = try RecordedTraffic.model(layers: 2)
    let start = Placement.contiguous(shape: model.shape, topology: model.topology)
    let error = LoadPlanningError.currentTooLarge(device: DeviceID(0), bytes: 4000, budgetBytes: 3000)
    #expect(throws: error) {
      try Self.planning(start: start, budget: .bytes(6000), precision: .int8).document()
    }
    for fragment in ["device 0", "4000", "3000"] { #expect("\(error)".contains(fragment)) }
  }
}

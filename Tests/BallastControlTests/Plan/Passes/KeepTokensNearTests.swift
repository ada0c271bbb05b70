import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct KeepTokensNearTests {
  private func draft(
    _ model: AffineModel, price: LinkPrice? = nil, nanosecondsPerByte: Double = 0, moveBytes: Int? = nil
  )
    -> PlacementDraft
  {
    var limits = PlanningLimits.unlimited(devices: model.topology.devices.count, replicasPerDevice: nil)
    limits.linkPrice = price ?? model.price
    limits.nanosecondsPerByte = nanosecondsPerByte
    if let moveBytes { limits.moveBytes = moveBytes }
    return PlacementDraft(
      from: model.start, shape: model.shape, topology: model.topology, cost: model.cost, estimate: model.estimate,
      limits: limits, rule: .dispatch)
  }

  private func planted() throws -> AffineModel {
    try AffineModel.planted(seed: 3, layers: 4, experts: 16, devices: 4, price: LinkPrice(near: 1, far: 1))
  }

  private func moves(_ draft: PlacementDraft, _ model: AffineModel) throws -> Double {
    try #require(model.moves(draft.placement)).betweenDevices
  }

  @Test func tokensStayWhereTheyAre() throws {
    let model = try planted()
    var draft = draft(model)
    KeepTokensNear(rounds: 16).improve(&draft)
    #expect(try moves(draft, model) == 0)
    #expect(model.counts(draft.placement) == model.counts(model.start))
  }

  @Test func freeLinksMoveNothing() throws {
    let model = try planted()
    var draft = draft(model, price: .free)
    KeepTokensNear(rounds: 16).improve(&draft)
    #expect(draft.placement == model.start)
  }

  @Test func aMoveMustPay() throws {
    let model = try planted()
    var draft = draft(model, nanosecondsPerByte: 1e6)
    KeepTokensNear(rounds: 16).improve(&draft)
    #expect(draft.placement == model.start)
  }

  @Test func theMoveBudgetIsKeptAndSpentOnWhatSparesMost() throws {
    let model = try planted()
    var draft = draft(model, moveBytes: 8000)
    KeepTokensNear(rounds: 16).improve(&draft)
    #expect(draft.bytesMoved <= 8000 && draft.bytesMoved > 0)
    let before = try #require(model.moves(model.start))
    #expect(try moves(draft, model) < before.betweenDevices)
  }

  @Test(arguments: 0..<6)
  func timeAndLinksTogetherNeverRise(seed: Int) throws {
    let model = try AffineModel.random(
      seed: UInt64(seed), layers: 3, experts: 12, devices: 4, nodes: 2, price: LinkPrice(near: 0.3, far: 0.9))
    var draft = draft(model)
    let before = draft.totalNanoseconds()
    KeepTokensNear(rounds: 16).improve(&draft)
    let after = draft.totalNanoseconds()
    #expect(after < before, "seed \(seed)")
  }

  @Test func tokensStayFromRoundToRound() throws {
    let model = try AffineModel.planted(
      seed: 5, layers: 3, experts: 16, devices: 4, rounds: 2, price: LinkPrice(near: 1, far: 1))
    var draft = draft(model)
    let before = try moves(draft, model)
    KeepTokensNear(rounds: 16).improve(&draft)
    let after = try moves(draft, model)
    #expect(before > 3 && after == 0)
    #expect(model.counts(draft.placement) == model.counts(model.start))
  }

  @Test func aTightBudgetIsSpentOnRoundsToo() throws {
    let model = try AffineModel.planted(
      seed: 5, layers: 1, experts: 16, devices: 4, rounds: 2, price: LinkPrice(near: 1, far: 1))
    var draft = draft(model, moveBytes: 8000)
    let before = try moves(draft, model)
    KeepTokensNear(rounds: 16).improve(&draft)
    #expect(draft.bytesMoved == 8000)
    #expect(try moves(draft, model) < before)
  }
}

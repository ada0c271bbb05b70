import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct LayerSurveyTests {
  // Device 0: experts 0 (60), 1 (20), 2 (5). Device 1: 3 (30). Device 2: 4 (10). Times 85, 30, 10.
  private func small() throws -> SmallLayer {
    try SmallLayer(tokens: [60, 20, 5, 30, 10], on: [0, 0, 0, 1, 2], importance: [0.1, 0.1, 0.7, 0.05, 0.05])
  }

  @Test func itNamesTheBusiestDeviceAndTheGaps() throws {
    let survey = try small().survey
    #expect(survey.busiest == DeviceID(0))
    #expect(survey.gap(to: DeviceID(2)) == 75)
    #expect(survey.gap(to: DeviceID(0)) == 0)
  }

  @Test func heaviestComesFirst() throws {
    #expect(try small().survey.heaviest(on: DeviceID(0), count: 2).map(\.expert.index) == [0, 1])
    #expect(try small().survey.heaviest(on: DeviceID(1), count: 5).map(\.expert.index) == [3])
  }

  @Test func idlestLeavesOutHolders() throws {
    #expect(try small().survey.idlest(lacking: ExpertID(0), count: 2) == [DeviceID(2), DeviceID(1)])
    #expect(try small().survey.idlest(lacking: ExpertID(4), count: 9) == [DeviceID(1), DeviceID(0)])
  }

  @Test func harmIsTokensTimesImportance() throws {
    // 60 · 0.1 = 6, 20 · 0.1 = 2, 5 · 0.7 = 3.5.
    #expect(try small().survey.leastHarmful(on: DeviceID(0)).map(\.expert.index) == [1, 2, 0])
  }

  @Test func aCopyBesideAnotherIsSurplus() throws {
    var small = try small()
    #expect(small.survey.surplus(on: DeviceID(0)).isEmpty)
    small.placement.layers[0] = small.placement.layers[0].applying(
      LayerChange(layer: LayerID(0), added: [Replica(0, on: 1), Replica(2, on: 1)]))
    let survey = small.survey
    #expect(survey.isSurplus(Replica(0, on: 1)))
    #expect(!survey.isSurplus(Replica(3, on: 1)))
    #expect(Set(survey.surplus(on: DeviceID(1)).map(\.expert.index)) == [0, 2])
  }

  @Test func aPartnerEvensTheTwoDevices() throws {
    let small = try SmallLayer(tokens: [50, 40, 10, 26, 2], on: [0, 0, 1, 1, 1])
    // Times 90 and 38: half the gap is 26, and 50 − 26 = 24 is nearest to the expert of 26 tokens.
    #expect(small.survey.partners(of: Replica(0, on: 0), on: DeviceID(1), count: 2).map(\.expert.index) == [3, 2])
    #expect(small.survey.partners(of: Replica(0, on: 1), on: DeviceID(1), count: 2).isEmpty)
  }

  @Test func aPartnerIsNotHeldAlready() throws {
    var small = try SmallLayer(tokens: [50, 40, 10, 26, 2], on: [0, 0, 1, 1, 1])
    small.placement.layers[0] = small.placement.layers[0].applying(
      LayerChange(layer: LayerID(0), added: [Replica(3, on: 0)]))
    let partners = small.survey.partners(of: Replica(0, on: 0), on: DeviceID(1), count: 5)
    #expect(!partners.contains { $0.expert == ExpertID(3) })
    #expect(!partners.isEmpty)
  }
}

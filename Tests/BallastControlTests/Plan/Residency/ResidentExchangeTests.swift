import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct ResidentExchangeTests {
  @Test func whatIsNeededAboutAsMuchStays() {
    #expect(!ResidentExchange.pays(coming: 0.1, leaving: 0.1, experts: 10))
    #expect(!ResidentExchange.pays(coming: 0.12, leaving: 0.1, experts: 10))
    #expect(ResidentExchange.pays(coming: 0.14, leaving: 0.1, experts: 10))
  }

  @Test func whatIsHardlyNeededIsNotExchangedForWhatIsNotNeeded() {
    #expect(!ResidentExchange.pays(coming: 0.005, leaving: 0, experts: 10))
    #expect(ResidentExchange.pays(coming: 0.02, leaving: 0, experts: 10))
  }

  @Test func anExchangeIsDueWhenAStoredExpertIsNeededMoreThanAResidentOne() {
    let stored = Replica(expert: ExpertID(1), device: DeviceID(0), precision: .bfloat16, residency: .stored)
    let placement = Placement(layers: [LayerPlacement([Replica(0, on: 0), stored])])
    #expect(ResidentExchange.isDue(placement, need: [[0.2, 0.8]]))
    #expect(!ResidentExchange.isDue(placement, need: [[0.8, 0.2]]))
    #expect(!ResidentExchange.isDue(placement, need: [[0.5, 0.5]]))
    let all = Placement(layers: [LayerPlacement([Replica(0, on: 0), Replica(1, on: 0)])])
    #expect(!ResidentExchange.isDue(all, need: [[0.2, 0.8]]))
    #expect(!ResidentExchange.isDue(Placement(layers: [LayerPlacement([stored])]), need: [[0.2, 0.8]]))
  }
}

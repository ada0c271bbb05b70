import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct LayerForecastTests {
  private func times(_ small: SmallLayer) -> [Double] { small.draft.forecast(LayerID(0)).deviceTimes }

  @Test func aDeviceTakesActivationsAndTokens() throws {
    var small = try SmallLayer(tokens: [30, 0, 10], on: [0, 0, 1])
    small.cost.activationNanoseconds = PerPrecision(repeating: 7)
    small.cost.perTokenNanoseconds = PerPrecision(repeating: 2)
    let forecast = small.draft.forecast(LayerID(0))
    #expect(forecast.deviceTimes == [67, 27])
    #expect(forecast.replicaTimes == [67, 0, 27])
    #expect(forecast.replicaTokens == [30, 0, 10])
    #expect(forecast.longest == 67)
    #expect(forecast.imbalance == 67.0 / 47)
  }

  @Test func aFasterDeviceTakesLess() throws {
    var small = try SmallLayer(tokens: [30, 30], on: [0, 1])
    small.topology = try Topology(devices: [
      .init(memoryBytes: 1 << 20, relativeSpeed: 3), .init(memoryBytes: 1 << 20),
    ])
    #expect(times(small) == [10, 30])
  }

  @Test func withoutTokensThereIsNoImbalance() throws {
    #expect(try SmallLayer(tokens: [0, 0], on: [0, 1]).draft.forecast(LayerID(0)).imbalance == 1)
  }

  @Test(arguments: [25.0, 40, 10])
  func underAnEvenSplitACopyOfTheMaximumHalvesItOrLeavesTheSecond(second: Double) throws {
    var small = try SmallLayer(tokens: [60, second], on: [0, 1])
    small.split = .even
    // A third device takes the copy, so that only the maximum is divided.
    small.topology = try Topology.uniform(devices: 3, memoryBytesPerDevice: 1 << 20)
    small.placement.layers[0] = small.placement.layers[0].applying(
      LayerChange(layer: LayerID(0), added: [Replica(0, on: 2)]))
    #expect(small.longest(small.placement) == max(30, second))
  }

  @Test func dispatchDividesSoThatTheBusiestEndsEarliest() throws {
    var small = try SmallLayer(tokens: [60, 20], on: [0, 1])
    small.placement.layers[0] = small.placement.layers[0].applying(
      LayerChange(layer: LayerID(0), added: [Replica(0, on: 1)]))
    let even = { (split: SplitRule) in
      var judged = small
      judged.split = split
      return judged.longest(judged.placement)
    }
    #expect(abs(even(.dispatch) - 40) < 1e-6)
    #expect(even(.even) == 50)
  }

  @Test func theScoreWeighsScenariosAndALittleOfAllDevices() throws {
    let small = try SmallLayer(tokens: [10, 10], on: [0, 1])
    var forecaster = LayerForecaster(experts: 2, topology: small.topology, cost: small.cost, rule: .dispatch)
    let graph = forecaster.graph(small.placement.layers[0])
    let scenarios = [[10.0, 10], [40, 0]].map { LoadScenario(tokensPerBatch: [$0], weight: $0[0] == 40 ? 3 : 1) }
    let even = LayerForecast.score([10, 10])
    let skewed = LayerForecast.score([40, 0])
    let score = forecaster.score(graph, layer: LayerID(0), scenarios: scenarios)
    #expect(abs(score - (even + 3 * skewed) / 4) < 1e-9)
    #expect(LayerForecast.score([10, 9]) < even)
    #expect(LayerForecast.score([10, 0]) > 10)
  }
}

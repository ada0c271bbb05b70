import BallastRuntime

@testable import BallastControl

/// One layer on a few devices, stated number by number.
struct SmallLayer {
  var shape: ModelShape
  var topology: Topology
  var estimate: LoadEstimate
  var cost = CostModel.tokens
  var placement: Placement
  var limits: PlanningLimits
  var split = SplitRule.dispatch

  /// Experts at bfloat16 (2000 bytes; 1000 at int8), placed as `devices[expert]` says, within generous limits.
  init(tokens: [Double], on devices: [Int], importance: [Double]? = nil) throws {
    let count = (devices.max() ?? 0) + 1
    shape = try ModelShape(
      layers: 1, expertsPerLayer: tokens.count, expertsPerToken: 1,
      bytesPerExpert: PerPrecision { [4000, 2000, 1000, 500][Int($0.rawValue)] }, fullPrecision: .bfloat16)
    topology = try Topology.uniform(devices: count, memoryBytesPerDevice: 1 << 30)
    estimate = LoadEstimate(tokensPerBatch: [tokens], importance: importance.map { [$0] })
    placement = Placement(layers: [
      LayerPlacement(
        devices.enumerated().map {
          Replica(expert: ExpertID($0.offset), device: DeviceID($0.element), precision: .bfloat16)
        })
    ])
    limits = .unlimited(devices: count, replicasPerDevice: nil)
    limits.precisions = [.bfloat16]
  }

  var planner: Planner {
    Planner(shape: shape, topology: topology, cost: cost, split: split, passes: [])
  }

  var draft: PlacementDraft {
    PlacementDraft(
      from: placement, shape: shape, topology: topology, cost: cost, estimate: estimate, limits: limits, rule: split)
  }

  var survey: LayerSurvey {
    LayerSurvey(LayerID(0), draft, scenario: 0, forecast: draft.forecast(LayerID(0)))
  }

  func longest(_ placement: Placement) -> Double {
    var forecaster = LayerForecaster(
      experts: shape.expertsPerLayer, topology: topology, cost: cost, rule: split)
    return forecaster.forecast(placement.layers[0], tokens: estimate.tokensPerBatch[0]).longest
  }

  /// The draft after `pass`.
  func improved(by pass: some PlanningPass) -> PlacementDraft {
    var draft = draft
    pass.improve(&draft)
    return draft
  }
}

extension Replica {
  /// A copy stated by its numbers.
  init(_ expert: Int, on device: Int, _ precision: Precision = .bfloat16) {
    self.init(expert: ExpertID(expert), device: DeviceID(device), precision: precision)
  }
}

extension Replica {
  /// A stored copy stated by its numbers.
  static func stored(_ expert: Int, on device: Int) -> Replica {
    Replica(expert: ExpertID(expert), device: DeviceID(device), precision: .bfloat16, residency: .stored)
  }
}

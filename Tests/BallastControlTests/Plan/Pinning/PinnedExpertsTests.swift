import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct PinnedExpertsTests {
  private func pinned(_ places: (Int, Int)...) -> PinnedExperts {
    PinnedExperts(Set(places.map { PinnedExperts.Place(LayerID($0.0), ExpertID($0.1)) }))
  }

  @Test func textsAreReadAndWrittenBack() throws {
    #expect(try PinnedExperts(parsing: "none") == PinnedExperts())
    #expect(try PinnedExperts(parsing: "3:17  0:4 3:2 0:4") == pinned((3, 17), (0, 4), (3, 2)))
    #expect(try PinnedExperts(parsing: "65534:0") == pinned((65_534, 0)))
    #expect(PinnedExperts().description == "none")
    #expect(pinned((3, 17), (0, 4), (3, 2)).description == "0:4 3:2 3:17")
  }

  @Test(arguments: [
    ("", ""), ("  ", ""), ("3", "3"), ("3:", "3:"), (":3", ":3"), ("1:2 none", "none"), ("-1:2", "-1:2"),
    ("1:65535", "1:65535"), ("1:2:3", "1:2:3"), ("99999999999999999999:1", "99999999999999999999:1"), ("1:٣", "1:٣"),
    ("1:2,3:4", "1:2,3:4"),
  ])
  func whatNamesNoExpertIsRefused(_ text: String, _ word: String) {
    #expect(throws: PinnedExpertsError.malformed(word: word)) { try PinnedExperts(parsing: text) }
  }

  @Test func onlyExpertsOfTheModelCanBePinned() throws {
    let shape = try SmallLayer(tokens: [1, 1], on: [0, 1]).shape
    try pinned((0, 0), (0, 1)).check(shape: shape)
    for place in [(0, 2), (1, 0), (-1, 0), (0, -1)] {
      let expected = PinnedExpertsError.unknown(
        place: PinnedExperts.Place(LayerID(place.0), ExpertID(place.1)), layers: 1, experts: 2)
      #expect(throws: expected) { try pinned((0, 0), place).check(shape: shape) }
      #expect(expected.description.contains("layers 0 to 0 of experts 0 to 1"))
    }
  }

  /// Every seventh expert of a random model.
  private func some(_ shape: ModelShape) -> PinnedExperts {
    PinnedExperts(
      Set(
        (0..<shape.experts).filter { $0 % 7 == 0 }.map {
          PinnedExperts.Place(LayerID($0 / shape.expertsPerLayer), ExpertID($0 % shape.expertsPerLayer))
        }))
  }

  private func replicas(_ pinned: PinnedExperts, _ placement: Placement) -> [[Replica]] {
    pinned.places.sorted().map { Array(placement[$0.layer].replicas(of: $0.expert)) }
  }

  /// By bytes and by a fixed number of replicas, and at both splits.
  @Test(arguments: 0..<24) func noPlanTouchesPinnedExperts(seed: Int) throws {
    let planning = try PlanningCase(seed: UInt64(seed))
    let start = Placement.contiguous(shape: planning.shape, topology: planning.topology)
    let places = seed % 3 == 0 ? 4 : nil as Int?
    var limits = planning.limits(share: places == nil ? 1.2 : 100, replicasPerDevice: places)
    let free = planning.planner().plan(from: start, for: planning.estimate, within: limits)
    limits.pinned = some(planning.shape)
    let plan = planning.planner(split: seed % 2 == 0 ? .even : .dispatch)
      .plan(from: start, for: planning.estimate, within: limits)
    #expect(replicas(limits.pinned, plan.target) == replicas(limits.pinned, start), "seed \(seed)")
    #expect(!plan.isEmpty, "seed \(seed)")
    #expect(plan.forecast.imbalanceAfter < plan.forecast.imbalanceBefore, "seed \(seed)")
    // Left to themselves, plans do touch them.
    #expect(replicas(limits.pinned, free.target) != replicas(limits.pinned, start), "seed \(seed)")
  }

  @Test func theSearchOfExchangesKeepsThemToo() throws {
    var planning = try PlanningCase(seed: 5, layers: 1)
    planning.cost = .tokens
    let start = Placement.contiguous(shape: planning.shape, topology: planning.topology)
    var limits = planning.limits(share: 100, quality: 0, replicasPerDevice: 4)
    limits.precisions = [.bfloat16]
    let heaviest = try #require(
      planning.estimate.tokensPerBatch[0].indices.max {
        planning.estimate.tokensPerBatch[0][$0] < planning.estimate.tokensPerBatch[0][$1]
      })
    limits.pinned = pinned((0, heaviest))
    let planner = Planner(
      shape: planning.shape, topology: planning.topology, cost: planning.cost, split: .dispatch,
      passes: [ExchangeReplicas(rounds: 32)])
    let plan = planner.plan(from: start, for: planning.estimate, within: limits)
    #expect(replicas(limits.pinned, plan.target) == replicas(limits.pinned, start))
    #expect(!plan.isEmpty)
    #expect(!plan.isCutShort)
  }

  @Test func tokensAreKeptNearByTheOthers() throws {
    let model = try AffineModel.planted(seed: 3, layers: 4, experts: 16, devices: 4, price: LinkPrice(near: 1, far: 1))
    var limits = PlanningLimits.unlimited(devices: 4, replicasPerDevice: nil)
    limits.linkPrice = model.price
    limits.pinned = pinned((1, 3))
    var draft = PlacementDraft(
      from: model.start, shape: model.shape, topology: model.topology, cost: model.cost, estimate: model.estimate,
      limits: limits, rule: .dispatch)
    KeepTokensNear(rounds: 16).improve(&draft)
    #expect(replicas(limits.pinned, draft.placement) == replicas(limits.pinned, model.start))
    let before = try #require(model.moves(model.start)).betweenDevices
    #expect(try #require(model.moves(draft.placement)).betweenDevices < before)
  }

  @Test func aReplicaOverItsBoundStaysWhenPinned() throws {
    var small = try SmallLayer(tokens: [5, 5], on: [0, 1])
    small.placement.layers[0] = LayerPlacement([Replica(0, on: 0, .int8), Replica(1, on: 1)])
    small.estimate.errors.note(0.9, layer: LayerID(0), expert: ExpertID(0), precision: .int8)
    small.limits.replicaErrorBound = 0.1
    #expect(small.improved(by: RestoreQuality()).placement != small.placement)
    small.limits.pinned = pinned((0, 0))
    #expect(small.improved(by: RestoreQuality()).placement == small.placement)
  }

  @Test func onlyADeviceThatGoesTakesThem() throws {
    var small = try SmallLayer(tokens: [50, 1, 20], on: [0, 0, 2])
    small.placement.layers[0] = LayerPlacement([
      Replica(0, on: 0), Replica(1, on: 0), Replica(0, on: 1), Replica(1, on: 1), Replica(2, on: 2),
    ])
    small.limits.replicasPerDevice = 2
    small.limits.pinned = pinned((0, 1), (0, 2))
    let rehomed = try Rehoming(
      small.placement, shape: small.shape, topology: small.topology, tokens: small.estimate.tokensPerBatch,
      limits: small.limits, statuses: [.serving, .serving, .lost])
    // Expert 2 had no other replica; a copy of expert 0 makes room, since those of expert 1 stay.
    let replicas = rehomed.placement.layers[0].replicas
    #expect(replicas.filter { $0.expert.index == 2 && $0.device.index < 2 }.count == 1)
    #expect(replicas.filter { $0.expert.index == 1 }.count == 2)
    #expect(replicas.filter { $0.expert.index == 0 }.count == 1)
  }
}

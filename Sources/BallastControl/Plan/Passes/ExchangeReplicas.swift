import BallastRuntime

/// Evens devices that each hold a fixed number of replicas, by exchanges that pay, judged by all scenarios at once.
///
/// Needs a fixed number of replicas, full precision and no activation cost; otherwise the pass leaves the draft to
/// `PlaceReplicas`. A layer whose load is the one it was planned for, as far as sampling can tell, is left alone. Where a
/// plan may stage less than would pay, the exchanges that gain most for their bytes are made, over all layers.
public struct ExchangeReplicas: PlanningPass {
  private let rounds: Int

  /// A pass that takes at most `rounds` rounds in each layer.
  public init(rounds: Int) { self.rounds = rounds }

  /// Exchanges replicas until nothing pays.
  public func improve(_ draft: inout PlacementDraft) {
    guard draft.hasExchangeableReplicas else { return }
    let found = draft.layersByExcess.compactMap { layer in
      draft.mayChange(layer) && draft.estimate.hasShifted(layer) ? steps(layer, draft) : nil
    }.filter { !$0.steps.isEmpty }
    var whole = draft
    if found.allSatisfy({ whole.take($0.change(of: $0.steps, draft)) }) {
      draft = whole
    } else {
      takeBestFirst(found, &draft)
    }
  }

  /// The steps of one layer, and what a unit of their gain is in nanoseconds.
  private struct LayerSteps {
    let layer: LayerID
    let steps: [LayerSearch.Step]
    let nanoseconds: Double

    /// The steps as one change.
    func change(of steps: some Sequence<LayerSearch.Step>, _ draft: PlacementDraft) -> LayerChange {
      var present = draft.placement[layer].replicas
      let before = present
      for step in steps {
        present.removeAll { replica in
          step.removed.contains { $0.expert == replica.expert.index && $0.device == replica.device.index }
        }
        present += step.added.map {
          Replica(
            expert: ExpertID($0.expert), device: DeviceID($0.device), precision: draft.shape.fullPrecision)
        }
      }
      let after = Set(present)
      let start = Set(before)
      return LayerChange(
        layer: layer, removed: before.filter { !after.contains($0) }, added: present.filter { !start.contains($0) })
    }
  }

  private func steps(_ layer: LayerID, _ draft: PlacementDraft) -> LayerSteps? {
    guard let places = draft.placesFilled(layer) else { return nil }
    let nanoseconds = draft.meanDeviceTime(layer)
    guard nanoseconds > 0 else { return nil }
    let search = ReplicaSearch(
      start: places, kept: draft.current[layer].replicas.map { ($0.expert.index, $0.device.index) },
      experts: draft.shape.expertsPerLayer, speeds: draft.topology.devices.map(\.relativeSpeed),
      loads: draft.estimate.scenarios.map { $0.tokensPerBatch[layer.index] },
      weights: draft.estimate.scenarios.map(\.weight), tailShare: draft.limits.tailShare,
      pinned: draft.limits.pinned.experts(of: layer))
    let bytes = Double(draft.shape.bytesPerExpert[draft.shape.fullPrecision])
    let price =
      bytes * draft.limits.nanosecondsPerByte / nanoseconds + draft.limits.leastGain * Double(search.score)
    var layerSearch = LayerSearch(search)
    layerSearch.run(price: Float(price), rounds: rounds)
    return LayerSteps(layer: layer, steps: layerSearch.steps, nanoseconds: nanoseconds)
  }

  /// Takes one step after another, of all layers the one that gains most for each replica it stages.
  private func takeBestFirst(_ found: [LayerSteps], _ draft: inout PlacementDraft) {
    var next = Array(repeating: 0, count: found.count)
    while true {
      var best: (layer: Int, worth: Double)?
      for (index, layer) in found.enumerated() where next[index] < layer.steps.count {
        let step = layer.steps[next[index]]
        let worth = Double(step.gain) * layer.nanoseconds / Double(step.added.count)
        if worth > best?.worth ?? -.infinity { best = (index, worth) }
      }
      guard let best else { return }
      let layer = found[best.layer]
      let change = layer.change(of: CollectionOfOne(layer.steps[next[best.layer]]), draft)
      // Later steps of a layer build on this one.
      next[best.layer] = draft.take(change) ? next[best.layer] + 1 : layer.steps.count
    }
  }
}

import BallastRuntime

extension PlacementDraft {
  /// Whether replicas can be told apart by expert and device alone: a fixed number on each device, divided batch by batch
  /// at no cost of activation or of links.
  var hasExchangeableReplicas: Bool {
    rule == .dispatch && limits.replicasPerDevice != nil
      && cost.activationNanoseconds[shape.fullPrecision] == 0 && limits.linkPrice.isFree
  }

  /// Whether the plan may change this layer.
  func mayChange(_ layer: LayerID) -> Bool { limits.openLayers?.contains(layer) ?? true }

  /// `[device · places + place]` experts; nil unless every device holds the same number, at full precision.
  func placesFilled(_ layer: LayerID) -> [Int]? {
    var places = Array(repeating: [Int](), count: topology.devices.count)
    for replica in placement[layer].replicas {
      guard replica.precision == shape.fullPrecision else { return nil }
      places[replica.device.index].append(replica.expert.index)
    }
    guard let count = places.first?.count, places.allSatisfy({ $0.count == count }) else { return nil }
    return places.flatMap { $0 }
  }

  /// Nanoseconds of the layer's average batch on each device, were all of them equally busy.
  func meanDeviceTime(_ layer: LayerID) -> Double {
    let tokens = estimate.tokensPerBatch[layer.index].reduce(0, +)
    let speed = topology.devices.reduce(0) { $0 + $1.relativeSpeed }
    return tokens * cost.perTokenNanoseconds[shape.fullPrecision] / max(speed, .leastNormalMagnitude)
  }
}

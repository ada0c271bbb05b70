import BallastRuntime

extension ByteBudget {
  /// Shares `bytes` evenly among devices, none above its memory; what one cannot take the others share.
  public static func shares(of bytes: Int, memory: [Int]) -> [Int] {
    var shares = Array(repeating: 0, count: memory.count)
    var left = max(bytes, 0)
    // What every device gets that is not short of memory; nil while only short ones have been seen.
    var level: Int?
    let order = memory.indices.sorted { (memory[$0], $0) < (memory[$1], $1) }
    for (taken, device) in order.enumerated() {
      let even = level ?? left / (memory.count - taken)
      shares[device] = min(max(memory[device], 0), even)
      if shares[device] == even { level = even }
      left -= shares[device]
    }
    return shares
  }

  /// Experts at `precision` that fit each device beside the reserve.
  func capacities(_ shape: ModelShape, _ precision: Precision) -> [Int] {
    residentBytes.map { min(max($0, 0) / shape.bytesPerExpert[precision], shape.experts) }
  }

  /// One copy of each expert at `precision`, in runs as long as the bytes of each device allow; nil without room.
  ///
  /// Every layer is shared in about the same proportion, so that no device is left out of a layer it has bytes for.
  func fittingPlacement(shape: ModelShape, precision: Precision) -> Placement? {
    let capacities = capacities(shape, precision)
    let total = capacities.reduce(0, +)
    guard total >= shape.experts else { return nil }
    var held = Array(repeating: 0, count: capacities.count)
    var layers: [LayerPlacement] = []
    for layer in 1...shape.layers {
      let wanted = capacities.map { Double(layer * shape.expertsPerLayer) * Double($0) / Double(total) }
      var counts = wanted.indices.map { max(0, Int(wanted[$0]) - held[$0]) }
      var missing = shape.expertsPerLayer - counts.reduce(0, +)
      let order = counts.indices.sorted {
        (wanted[$1] - Double(held[$1] + counts[$1]), $0) < (wanted[$0] - Double(held[$0] + counts[$0]), $1)
      }
      // Rounding left a few over, or took a few too many.
      while missing != 0 {
        let step = missing > 0 ? 1 : -1
        let roomy = order.filter { held[$0] + counts[$0] < capacities[$0] }
        let open =
          step > 0
          ? roomy.first { Double(held[$0] + counts[$0]) < wanted[$0] } ?? roomy.first
          : order.last { counts[$0] > 0 }
        guard let device = open else { return nil }
        counts[device] += step
        missing -= step
      }
      var replicas: [Replica] = []
      for (device, count) in counts.enumerated() {
        for _ in 0..<count {
          replicas.append(Replica(expert: ExpertID(replicas.count), device: DeviceID(device), precision: precision))
        }
        held[device] += count
      }
      layers.append(LayerPlacement(replicas))
    }
    return Placement(layers: layers)
  }
}

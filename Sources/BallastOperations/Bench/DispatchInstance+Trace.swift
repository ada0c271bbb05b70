import BallastRuntime

extension DispatchInstance {
  /// Every `stride`-th layer of every window of a trace but the first, on 8 devices: one copy of each expert in
  /// contiguous runs, and one more of the busiest eighth of the window before, half-way around the devices.
  ///
  /// The devices follow `CostModel.h200` for experts of `size`, or count tokens only.
  ///
  /// - Throws: `BenchError`, `.unmade` when the trace has no two windows of `rows` rows.
  public static func windows(
    of trace: RoutingTrace, rows: Int, stride: Int, law: Law, size: ExpertSize
  ) async throws(BenchError) -> [DispatchInstance] {
    let windows = Array(try BenchError.making { () throws(ArrayError) in try trace.windows(rows: rows) })
    guard windows.count > 1 else { throw .unmade("\(trace.source) has \(windows.count) windows of \(rows) rows") }
    let (experts, devices) = (trace.experts, 8)
    let shape = try BenchError.making { () throws(ModelShapeError) in
      try ModelShape(
        layers: 1, expertsPerLayer: experts, expertsPerToken: 1, bytesPerExpert: size.bytes, fullPrecision: .bfloat16)
    }
    let topology = try BenchError.making { () throws(TopologyError) in
      try Topology.uniform(devices: devices, memoryBytesPerDevice: 1 << 48)
    }
    let originals = Placement.contiguous(shape: shape, topology: topology).layers[0].replicas
    var instances: [DispatchInstance] = []
    for place in Swift.stride(from: 0, to: (windows.count - 1) * trace.layers, by: max(stride, 1)) {
      let (window, layer) = (1 + place / trace.layers, place % trace.layers)
      let before = windows[window - 1].loads[layer]
      let busiest = before.indices.sorted { (before[$1], $0) < (before[$0], $1) }.prefix(max(1, experts / 8))
      let copies = busiest.map { expert in
        Replica(
          expert: ExpertID(expert), device: DeviceID((originals[expert].device.index + devices / 2) % devices),
          precision: .bfloat16)
      }
      instances.append(
        try await DispatchInstance(
          "\(trace.source) \(law.rawValue) window \(window) layer \(layer)", loads: windows[window].loads[layer],
          placement: Placement(layers: [LayerPlacement(originals + copies)]), shape: shape, topology: topology,
          cost: law == .tokens ? .tokens : .h200(size)))
    }
    return instances
  }
}

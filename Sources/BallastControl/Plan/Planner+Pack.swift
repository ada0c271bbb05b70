public import BallastRuntime

extension Planner {
  /// The placement for `estimate` from nothing, when each device is to hold `replicasPerDevice` at full precision and each
  /// expert's tokens are shared evenly, as `Packer` finds it.
  ///
  /// With `groups`, the experts of a group stay on one node; nil lets an expert go anywhere.
  ///
  /// - Throws: `PackingError`, as `Packer` does.
  public func pack(
    for estimate: LoadEstimate, replicasPerDevice: Int, groups: Int? = nil
  ) throws(PackingError) -> Placement {
    let devices = topology.devices.count
    let copies = replicasPerDevice.multipliedReportingOverflow(by: devices)
    let packer = try Packer(
      experts: shape.expertsPerLayer, copies: copies.overflow ? .max : copies.partialValue, devices: devices,
      groups: groups ?? 1, nodes: groups == nil ? 1 : topology.nodes)
    return Placement(
      layers: try packer.pack(estimate.tokensPerBatch).map {
        $0.placement(experts: shape.expertsPerLayer, slots: replicasPerDevice, shape.fullPrecision)
      })
  }
}

import BallastRuntime

/// The devices that serve, numbered without gaps, so that planning need not know of the others.
struct ServingDevices {
  /// `[number]`: the device.
  let devices: [DeviceID]
  /// They alone.
  let topology: Topology
  private let numbers: [DeviceID: DeviceID]

  /// Numbers the devices of `topology` that serve.
  init(_ topology: Topology, _ statuses: [DeviceStatus]) throws(RehomingError) {
    guard statuses.count == topology.devices.count else {
      throw .statusCount(statuses: statuses.count, devices: topology.devices.count)
    }
    devices = statuses.indices.filter { statuses[$0] == .serving }.map { DeviceID($0) }
    guard !devices.isEmpty, let serving = try? Topology(devices: devices.map { topology[$0] }) else {
      throw .noDeviceLeft(devices: topology.devices.count)
    }
    self.topology = serving
    numbers = Dictionary(uniqueKeysWithValues: devices.enumerated().map { ($1, DeviceID($0)) })
  }

  /// The replicas of `placement` on devices that serve, by their numbers.
  func numbered(_ placement: Placement) -> Placement {
    Placement(
      layers: placement.layers.map { layer in
        LayerPlacement(
          layer.replicas.compactMap { replica in
            numbers[replica.device].map { replica.on($0) }
          })
      })
  }

  /// The devices behind the numbers of `placement`.
  func named(_ placement: Placement) -> Placement {
    Placement(
      layers: placement.layers.map { layer in
        LayerPlacement(
          layer.replicas.map {
            $0.on(devices[$0.device.index])
          })
      })
  }

  /// The limits of the devices that serve; copies that left keep their bytes until the plan is published.
  func limits(_ limits: PlanningLimits, leavingBytes: [Int], experts: Int) -> PlanningLimits {
    var numbered = limits
    numbered.residentBytes = devices.map { limits.residentBytes[$0.index] }
    numbered.stagingBytes = devices.map { limits.stagingBytes[$0.index] - leavingBytes[$0.index] }
    if let places = limits.replicasPerDevice {
      numbered.replicasPerDevice = min(experts, max(places, (experts + devices.count - 1) / devices.count))
    }
    return numbered
  }
}

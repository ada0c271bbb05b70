public import BallastRuntime

/// Bytes each device may hold, and how many of them stay free for staging.
public struct ByteBudget: Hashable, Sendable {
  /// `[device]`: bytes of weights and scales a device may hold at any instant, staging included.
  public let bytesPerDevice: [Int]
  /// Bytes kept free on every device once a plan is applied, so that the next can be staged.
  public let reserveBytes: Int

  /// Shares the budget of `configuration` among the devices by their memory, never beyond it.
  ///
  /// - Throws: `ByteBudgetError.tooSmall` when one copy of each expert at the least precision and the reserve do
  ///   not fit; where experts may be evicted, when the reserve does not.
  public init(
    shape: ModelShape, topology: Topology, configuration: PlannerConfiguration
  ) throws(ByteBudgetError) {
    let devices = topology.devices.count
    let budget = configuration.memoryBudgetShare * Double(shape.fullBytes)
    bytesPerDevice = Self.shares(
      of: budget.isFinite && budget < Double(Int.max) ? Int(max(budget, 0)) : .max,
      memory: topology.devices.map(\.memoryBytes))
    let reserve = configuration.stagingReserveExperts.multipliedReportingOverflow(
      by: shape.bytesPerExpert[shape.fullPrecision])
    reserveBytes = reserve.overflow ? .max : max(reserve.partialValue, 0)
    if configuration.residency.mayEvict {
      for (index, bytes) in bytesPerDevice.enumerated() where bytes < reserveBytes {
        throw .tooSmall(device: DeviceID(index), neededBytes: reserveBytes, budgetBytes: bytes)
      }
      return
    }
    // Every layer begins anew with the first device, so shares are rounded up in each.
    let perDevice = shape.layers * ((shape.expertsPerLayer + devices - 1) / devices)
    let least = perDevice.multipliedReportingOverflow(by: shape.bytesPerExpert[configuration.leastPrecision])
    let sum = least.partialValue.addingReportingOverflow(reserveBytes)
    let needed = least.overflow || sum.overflow ? Int.max : sum.partialValue
    // A device with little memory is no obstacle where the others hold what it cannot.
    let fitting = capacities(shape, configuration.leastPrecision).reduce(0, +)
    guard fitting < shape.experts || bytesPerDevice.allSatisfy({ $0 == bytesPerDevice[0] }) else { return }
    for (index, bytes) in bytesPerDevice.enumerated() where bytes < needed {
      throw .tooSmall(device: DeviceID(index), neededBytes: needed, budgetBytes: bytes)
    }
  }

  /// States a budget, whatever a model needs.
  public init(bytesPerDevice: [Int], reserveBytes: Int) {
    self.bytesPerDevice = bytesPerDevice
    self.reserveBytes = reserveBytes
  }

  /// `[device]`: bytes a device may hold once a plan is applied.
  public var residentBytes: [Int] { bytesPerDevice.map { max($0 - reserveBytes, 0) } }

  /// The contiguous placement, with as many experts at low precision from the start as the reserve needs; where experts
  /// may be evicted, as many stored.
  ///
  /// Demotions are spread over the layers, and in each layer begin with the last expert of the device.
  public func startPlacement(
    shape: ModelShape, topology: Topology, leastPrecision: Precision, mayEvict: Bool = false
  ) -> Placement {
    let even = shape.layers * ((shape.expertsPerLayer + topology.devices.count - 1) / topology.devices.count)
    let isEven = capacities(shape, leastPrecision).allSatisfy { $0 >= min(even, shape.experts) }
    let fitting =
      isEven || mayEvict
      ? nil
      : fittingPlacement(shape: shape, precision: shape.fullPrecision)
        ?? fittingPlacement(shape: shape, precision: leastPrecision)
    if let fitting { return fitting }
    let start = Placement.contiguous(shape: shape, topology: topology)
    var layers = start.layers.map(\.replicas)
    var bytes = start.bytesPerDevice(shape: shape, devices: topology.devices.count)
    for round in 0..<shape.expertsPerLayer {
      for layer in layers.indices {
        for device in bytes.indices where bytes[device] > residentBytes[device] {
          let here = layers[layer].indices.filter { layers[layer][$0].device.index == device }
          guard round < here.count else { continue }
          let place = here[here.count - 1 - round]
          bytes[device] -= shape.bytes(of: layers[layer][place])
          if mayEvict {
            layers[layer][place].residency = .stored
          } else {
            layers[layer][place].precision = leastPrecision
          }
          bytes[device] += shape.bytes(of: layers[layer][place])
        }
      }
    }
    return Placement(layers: layers.map { LayerPlacement($0) })
  }
}

/// Why a byte budget cannot work.
public enum ByteBudgetError: Error, Hashable, CustomStringConvertible {
  /// The device cannot hold its share of the experts at the least precision and the staging reserve.
  case tooSmall(device: DeviceID, neededBytes: Int, budgetBytes: Int)

  /// The fact, with both numbers.
  public var description: String {
    switch self {
    case .tooSmall(let device, let needed, let budget):
      "the memory budget gives device \(device) \(budget) bytes, but its share of the experts at the least precision and the staging reserve need \(needed)"
    }
  }
}

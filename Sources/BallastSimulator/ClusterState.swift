import BallastRuntime

/// Everything of a simulated cluster that changes, guarded by its lock.
struct ClusterState {
  /// What an admitted staging goes on to do.
  enum Admission {
    case proceeds
    case hangs
    case fails(StagingError)
  }

  var readings: ClusterReadings
  private(set) var memory: [DeviceMemory]
  private var staged: [UInt32: StagedReplica] = [:]
  private var nextHandle: UInt32 = 0
  private var lost: Set<DeviceID> = []
  private var failing: [StagingError] = []
  private var hanging = 0
  private var unreliable: (share: Double, error: StagingError) = (0, .cancelled)
  private var faults: SplitMix64

  init(layers: Int, devices: Int, seed: UInt64) {
    readings = ClusterReadings(layers: layers, devices: devices)
    memory = Array(repeating: DeviceMemory(replicaBytes: 0, peakReplicaBytes: 0, overheadBytes: 0), count: devices)
    faults = SplitMix64(seed: seed)
  }

  mutating func inject(_ fault: SimulatedFault) {
    switch fault {
    case .deviceLost(let device): lost.insert(device)
    case .stagingsFail(let next, let error): failing = Array(repeating: error, count: max(0, min(next, 1 << 20)))
    case .stagingsHang(let next): hanging = max(0, next)
    case .stagingsUnreliable(let share, let error): unreliable = (share, error)
    }
  }

  mutating func restore(_ device: DeviceID) { lost.remove(device) }

  mutating func replace(_ device: DeviceID) {
    guard memory.indices.contains(device.index) else { return }
    for (handle, replica) in staged where replica.replica.device == device { staged[handle] = nil }
    memory[device.index].replicaBytes = 0
    lost.remove(device)
  }

  func isLost(_ device: DeviceID) -> Bool { lost.contains(device) }

  func replica(_ handle: UInt32) -> StagedReplica? { staged[handle] }

  /// Takes the memory a staging needs and says how it goes on.
  mutating func admit(bytes: Int, on device: DeviceID, of topology: Topology) throws(StagingError) -> Admission {
    guard topology.devices.indices.contains(device.index), !lost.contains(device) else { throw .deviceLost(device) }
    let free = topology[device].memoryBytes - memory[device.index].replicaBytes
    guard bytes <= free else { throw .outOfMemory(device: device, neededBytes: bytes, freeBytes: free) }
    memory[device.index].replicaBytes += bytes
    memory[device.index].peakReplicaBytes = max(
      memory[device.index].peakReplicaBytes, memory[device.index].replicaBytes)
    if let error = failing.popLast() { return .fails(error) }
    if hanging > 0 {
      hanging -= 1
      return .hangs
    }
    return unreliable.share > 0 && faults.fraction() < unreliable.share ? .fails(unreliable.error) : .proceeds
  }

  mutating func free(bytes: Int, on device: DeviceID) { memory[device.index].replicaBytes -= bytes }

  /// Enters a replica under a handle no staged replica has.
  mutating func enter(_ make: (UInt32) -> StagedReplica, transferNanoseconds: Double) -> StagedReplica {
    while staged[nextHandle] != nil { nextHandle &+= 1 }
    let replica = make(nextHandle)
    staged[nextHandle] = replica
    nextHandle &+= 1
    readings.stagedBytes += replica.bytes
    readings.stagings += 1
    readings.stagingNanoseconds[replica.replica.device.index] += transferNanoseconds
    return replica
  }

  /// Gives the memory back; a replica that is not staged is let be.
  mutating func leave(_ replica: StagedReplica) {
    guard let known = staged[replica.handle], known == replica else { return }
    staged[replica.handle] = nil
    free(bytes: known.bytes, on: known.replica.device)
  }

  /// Lets virtual time pass by one executed layer.
  mutating func advance(_ layer: LayerID, deviceTimes: [Double], borrowedBytes: Int) {
    readings.elapsedNanoseconds += deviceTimes.max() ?? 0
    for (device, time) in deviceTimes.enumerated() { readings.busyNanoseconds[device] += time }
    readings.lastDeviceTimes[layer.index] = deviceTimes
    readings.batches += 1
    readings.borrowedBytes += borrowedBytes
  }
}

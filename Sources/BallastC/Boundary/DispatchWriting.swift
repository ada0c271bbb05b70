import BallastRuntime
import CBallast

extension ballast_dispatch {
  // Safety: what comes from the caller is checked before it is followed; sizes are those stated.
  /// Checks the caller's arrays before anything is counted.
  func check() throws(Refusal) {
    guard unsafe reserved == 0 else {
      throw Refusal(BALLAST_BAD_SIZE, unsafe "reserved of ballast_dispatch is \(reserved); set it to 0")
    }
    // Safety: addresses are looked at, not followed.
    unsafe try Self.check(runs, "runs")
    unsafe try Self.check(device_runs, "device_runs")
    unsafe try Self.check(rows, "rows")
    unsafe try Self.check(gates, "gates")
    unsafe try Self.check(entry_of_assignment, "entry_of_assignment")
    unsafe try Self.check(device_times, "device_times")
  }

  private static func check<Element>(
    _ pointer: UnsafeMutablePointer<Element>?, _ name: String
  ) throws(Refusal) {
    // Safety: the address is looked at, not followed.
    if let pointer = unsafe pointer { try unsafe UnsafePointer(pointer).checkAligned(name) }
  }

  /// Writes how many there are of everything, and everything when there is room; returns whether there was.
  mutating func write(_ dispatch: borrowing Dispatch, version: UInt64) -> Bool {
    unsafe run_count = UInt64(dispatch.runs.count)
    unsafe entry_count = UInt64(dispatch.rows.count)
    unsafe device_count = UInt64(dispatch.deviceTimes.count)
    unsafe unmet_assignments = UInt64(dispatch.unmetAssignments)
    unsafe table_version = version
    guard unsafe hasRoom else { return false }
    unsafe writeRuns(dispatch)
    // Safety: the capacities, which the caller states, were compared with the counts.
    unsafe Self.copy(dispatch.rows, to: rows)
    unsafe Self.copy(dispatch.gates, to: gates)
    unsafe Self.copy(dispatch.entryOfAssignment, to: entry_of_assignment)
    unsafe Self.copy(dispatch.deviceTimes, to: device_times)
    if let starts = unsafe device_runs {
      let source = dispatch.deviceRuns
      for device in source.indices { unsafe starts[device] = UInt32(truncatingIfNeeded: source[device]) }
    }
    return true
  }

  // Safety: which arrays are wanted is all that is asked.
  private var hasRoom: Bool {
    let wantsEntries = unsafe rows != nil || gates != nil || entry_of_assignment != nil
    let wantsDevices = unsafe device_runs != nil || device_times != nil
    return unsafe (runs == nil || run_capacity >= run_count) && (!wantsEntries || entry_capacity >= entry_count)
      && (!wantsDevices || device_capacity >= device_count)
  }

  /// Which capacity is too small, and what is needed.
  func lack() -> Refusal {
    // Safety: which arrays are wanted is all that is asked.
    if unsafe runs != nil && run_capacity < run_count {
      return unsafe .tooSmall("run_capacity", capacity: run_capacity, needed: Int(run_count))
    }
    let wantsDevices = unsafe device_runs != nil || device_times != nil
    if wantsDevices, unsafe device_capacity < device_count {
      return unsafe .tooSmall("device_capacity", capacity: device_capacity, needed: Int(device_count))
    }
    return unsafe .tooSmall("entry_capacity", capacity: entry_capacity, needed: Int(entry_count))
  }

  private func writeRuns(_ dispatch: borrowing Dispatch) {
    // Safety: the capacity was compared with the count.
    guard let target = unsafe runs else { return }
    let source = dispatch.runs
    for index in source.indices {
      let run = source[index]
      unsafe target[index] = ballast_run(
        expert: UInt32(truncatingIfNeeded: run.expert.index), replica: run.handle,
        precision: UInt32(run.precision.rawValue), device: UInt32(truncatingIfNeeded: run.device.index),
        home: UInt32(truncatingIfNeeded: run.home.index),
        first_entry: UInt32(truncatingIfNeeded: run.entries.lowerBound),
        entry_count: UInt32(truncatingIfNeeded: run.entries.count), reserved: 0)
    }
  }

  // Safety: what comes from the caller is checked before it is followed; sizes are those stated.
  private static func copy<Element>(_ source: [Element], to target: UnsafeMutablePointer<Element>?) {
    // Safety: the caller made sure that there is room.
    guard let target = unsafe target else { return }
    unsafe source.withUnsafeBufferPointer { source in
      guard let start = source.baseAddress else { return }
      unsafe target.update(from: start, count: source.count)
    }
  }
}

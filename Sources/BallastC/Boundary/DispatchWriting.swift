import BallastRuntime
import CBallast

extension ballast_dispatch {
  // Safety: the address is seen to be there and aligned, and the structure to have the size of this one, before it is read;
  // addresses in it are looked at, not followed.
  /// The caller's structure, seen to be one that can be written, before anything is counted.
  @inline(__always)
  static func checked(
    _ given: UnsafeMutablePointer<ballast_dispatch>?
  ) throws(Refusal) -> UnsafeMutablePointer<ballast_dispatch> {
    guard let given = unsafe given else { throw .badPointer("ballast_dispatch is null") }
    _ = try unsafe knownSize(UnsafePointer(given))
    guard unsafe given.pointee.reserved == 0 else {
      throw Refusal(BALLAST_BAD_SIZE, "reserved of ballast_dispatch is not 0")
    }
    // Safety: as above.
    _ = try unsafe Outlet.wanted(given.pointee.runs, "runs")
    _ = try unsafe Outlet.wanted(given.pointee.device_runs, "device_runs")
    _ = try unsafe Outlet.wanted(given.pointee.rows, "rows")
    _ = try unsafe Outlet.wanted(given.pointee.gates, "gates")
    _ = try unsafe Outlet.wanted(given.pointee.entry_of_assignment, "entry_of_assignment")
    _ = try unsafe Outlet.wanted(given.pointee.device_times, "device_times")
    return unsafe given
  }

  /// Writes how many there are of everything, and everything when there is room; returns whether there was.
  mutating func write(_ dispatch: borrowing Dispatch, version: UInt64) -> Bool {
    // Safety: the counts are members of the structure itself.
    unsafe run_count = UInt64(dispatch.runs.count)
    unsafe entry_count = UInt64(dispatch.rows.count)
    unsafe device_count = UInt64(dispatch.deviceTimes.count)
    unsafe unmet_assignments = UInt64(dispatch.unmetAssignments)
    unsafe table_version = version
    guard unsafe lacking == nil else { return false }
    // Safety: `lacking` has compared the capacities the caller states with the counts, one more for `device_runs`; `checked`
    // has seen that the addresses are aligned.
    if let runs = unsafe runs { unsafe Self.write(dispatch.runs, to: runs) }
    if let rows = unsafe rows { unsafe copy(dispatch.rows, to: rows) }
    if let gates = unsafe gates { unsafe copy(dispatch.gates, to: gates) }
    if let entries = unsafe entry_of_assignment { unsafe copy(dispatch.entryOfAssignment, to: entries) }
    if let times = unsafe device_times { unsafe copy(dispatch.deviceTimes, to: times) }
    if let starts = unsafe device_runs {
      let source = dispatch.deviceRuns
      for device in source.indices { unsafe starts[device] = UInt32(truncatingIfNeeded: source[device]) }
    }
    return true
  }

  /// Which capacity is too small, and what is needed; nil when there is room for all that is wanted.
  private var lacking: (name: String, capacity: UInt64, needed: UInt64)? {
    // Safety: capacities and counts are members of the structure itself; which arrays are wanted is all that is asked of
    // the addresses.
    if unsafe runs != nil && run_capacity < run_count { return unsafe ("run_capacity", run_capacity, run_count) }
    if unsafe (device_runs != nil || device_times != nil) && device_capacity < device_count {
      return unsafe ("device_capacity", device_capacity, device_count)
    }
    let wantsEntries = unsafe rows != nil || gates != nil || entry_of_assignment != nil
    guard wantsEntries, unsafe entry_capacity < entry_count else { return nil }
    return unsafe ("entry_capacity", entry_capacity, entry_count)
  }

  /// Why nothing but the counts was written.
  func lack() -> Refusal {
    // Safety: as for `lacking`.
    guard let (name, capacity, needed) = unsafe lacking else { return .badValue("nothing is too small") }
    return .tooSmall(name, capacity: capacity, needed: Int(needed))
  }

  // Safety: the caller has compared the capacity with the count.
  private static func write(_ source: [Dispatch.Run], to target: UnsafeMutablePointer<ballast_run>) {
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
}

import BallastRuntime
public import CBallast

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Makes a lane; see `ballast.h`.
@c @implementation
public func ballast_lane_create(_ balancer: ballast_balancer, _ lane: UnsafeMutablePointer<ballast_lane>!)
  -> ballast_status
{
  // Safety: the pointer is checked before it is written to.
  answer { () throws(Refusal) in
    let result = unsafe try writable(lane, "lane")
    unsafe result.pointee = try Registry.sessions.find(balancer).addLane()
  }
}

/// Gives a lane back; see `ballast.h`.
@c @implementation
public func ballast_lane_destroy(_ lane: ballast_lane) -> ballast_status {
  answer { () throws(Refusal) in
    var session: Session?
    try Registry.lanes.with(lane) { session = $0.session }
    try Registry.lanes.remove(lane, whenBusy: false)
    session?.forget(lane: lane)
  }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Counts a batch; see `ballast.h`.
@c @implementation
public func ballast_lane_record(
  _ lane: ballast_lane, _ layer: UInt32, _ selection: UnsafePointer<ballast_selection>!
) -> ballast_status {
  // Safety: the pointer is checked before it is read.
  answer { () throws(Refusal) in
    let selection = unsafe try read(selection)
    try Registry.lanes.with(lane) { lane throws(Refusal) in
      try lane.checkOpen()
      var scratch: [TokenTraits] = []
      swap(&scratch, &lane.traits)
      defer { swap(&scratch, &lane.traits) }
      unsafe try selection.with(expertsPerLayer: lane.session.shape.expertsPerLayer, scratch: &scratch) {
        span throws(Refusal) in
        do throws(ExecutionError) { try lane.lane.record(span, layer: LayerID(Int(layer))) } catch {
          throw .badValue("\(error)")
        }
      }
    }
  }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Counts and dispatches a batch; see `ballast.h`.
@c @implementation
public func ballast_lane_dispatch(
  _ lane: ballast_lane, _ layer: UInt32, _ selection: UnsafePointer<ballast_selection>!,
  _ dispatch: UnsafeMutablePointer<ballast_dispatch>!
) -> ballast_status {
  // Safety: both pointers are checked before anything is read or written.
  answer { () throws(Refusal) in
    let selection = unsafe try read(selection)
    let result = unsafe try writable(sized: dispatch)
    unsafe try result.pointee.check()
    try Registry.lanes.with(lane) { lane throws(Refusal) in
      try lane.checkOpen()
      var scratch: [TokenTraits] = []
      swap(&scratch, &lane.traits)
      defer { swap(&scratch, &lane.traits) }
      unsafe try selection.with(expertsPerLayer: lane.session.shape.expertsPerLayer, scratch: &scratch) {
        span throws(Refusal) in
        unsafe try lane.dispatch(span, layer: LayerID(Int(layer)), into: result)
      }
    }
  }
}

extension ServedLane {
  /// Refuses a lane whose balancer is gone.
  @inline(__always)
  func checkOpen() throws(Refusal) {
    if session.isClosed { throw Refusal(BALLAST_STALE_HANDLE, "the lane's balancer was destroyed") }
  }

  // Safety: what comes from the caller is checked before it is followed; sizes are those stated.
  fileprivate func dispatch(
    _ selection: borrowing SelectionSpan, layer: LayerID, into result: UnsafeMutablePointer<ballast_dispatch>
  ) throws(Refusal) {
    let isTaken: Bool
    do throws(ExecutionError) {
      // Safety: the structure was checked and stays in place during the call.
      isTaken = try lane.dispatchIfTaken(selection, layer: layer) { dispatch, version in
        unsafe result.pointee.write(dispatch, version: version)
      }
    } catch {
      throw .badValue("\(error)")
    }
    if !isTaken { throw unsafe result.pointee.lack() }
  }
}

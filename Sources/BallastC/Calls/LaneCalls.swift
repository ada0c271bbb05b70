import BallastRuntime
public import CBallast

// Safety: `Outlet` looks at the address before anything is written there.
/// Makes a lane; see `ballast.h`.
@c @implementation
public func ballast_lane_create(_ balancer: ballast_balancer, _ lane: UnsafeMutablePointer<ballast_lane>!)
  -> ballast_status
{
  answer { () throws(Refusal) in
    let result = try unsafe Outlet(lane, "lane")
    result.set(try Registry.sessions.find(balancer).addLane())
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

// Safety: `read` looks at the address; the arrays of the selection are looked at by its reader.
/// Counts a batch; see `ballast.h`.
@c @implementation
public func ballast_lane_record(
  _ lane: ballast_lane, _ layer: UInt32, _ selection: UnsafePointer<ballast_selection>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let selection = try unsafe read(selection)
    try Registry.lanes.with(lane) { lane throws(Refusal) in
      try lane.checkOpen()
      try unsafe lane.with(selection) { span throws(Refusal) in
        do throws(ExecutionError) { try lane.lane.record(span, layer: LayerID(Int(layer))) } catch {
          throw .badValue("\(error)")
        }
      }
    }
  }
}

// Safety: `read` looks at the selection, `checked` at the dispatch and at the arrays it names, before anything is counted.
/// Counts and dispatches a batch; see `ballast.h`.
@c @implementation
public func ballast_lane_dispatch(
  _ lane: ballast_lane, _ layer: UInt32, _ selection: UnsafePointer<ballast_selection>!,
  _ dispatch: UnsafeMutablePointer<ballast_dispatch>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let selection = try unsafe read(selection)
    let result = try unsafe ballast_dispatch.checked(dispatch)
    try Registry.lanes.with(lane) { lane throws(Refusal) in
      try lane.checkOpen()
      try unsafe lane.with(selection) { span throws(Refusal) in
        try unsafe lane.dispatch(span, layer: LayerID(Int(layer)), into: result)
      }
    }
  }
}

extension ServedLane {
  /// Lends a caller's selection, checked, where it stands.
  // Safety: the arrays of the selection are looked at by its reader, and stay in place until the call returns.
  @inline(__always)
  func with(
    _ selection: ballast_selection, _ body: (borrowing SelectionSpan) throws(Refusal) -> Void
  ) throws(Refusal) {
    var scratch: [TokenTraits] = []
    swap(&scratch, &traits)
    defer { swap(&scratch, &traits) }
    try unsafe selection.with(expertsPerLayer: session.shape.expertsPerLayer, scratch: &scratch, body)
  }

  /// Refuses a lane whose balancer is gone.
  @inline(__always)
  func checkOpen() throws(Refusal) {
    if session.isClosed { throw Refusal(BALLAST_STALE_HANDLE, "the lane's balancer was destroyed") }
  }

  // Safety: the structure was looked at by `checked`, and stays in place until the call returns.
  fileprivate func dispatch(
    _ selection: borrowing SelectionSpan, layer: LayerID, into result: UnsafeMutablePointer<ballast_dispatch>
  ) throws(Refusal) {
    let isTaken: Bool
    do throws(ExecutionError) {
      isTaken = try lane.dispatchIfTaken(selection, layer: layer) { dispatch, version in
        unsafe result.pointee.write(dispatch, version: version)
      }
    } catch {
      throw .badValue("\(error)")
    }
    if !isTaken { throw unsafe result.pointee.lack() }
  }
}

import BallastRuntime

/// One lane behind a handle; used by one thread at a time.
final class ServedLane: @unchecked Sendable {
  // Safety: `LaneSlots` lends it to one thread at a time.
  var lane: Lane
  let session: Session
  /// Traits of tokens that differ, `[token]`.
  var traits: [TokenTraits] = []
  /// Executor mode: what the gate chose, copied.
  var selection: Selection

  init(_ lane: consuming Lane, session: Session) {
    self.lane = lane
    self.session = session
    selection = Selection(expertsPerLayer: session.shape.expertsPerLayer)
  }
}

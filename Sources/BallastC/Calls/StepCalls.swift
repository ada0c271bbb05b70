import BallastRuntime
public import CBallast

// Safety: `SizedOutlet` looks at the address, and writes as many bytes as the structure there states.
/// Gives the next step of a plan; see `ballast.h`.
@c @implementation
public func ballast_balancer_next_step(
  _ balancer: ballast_balancer, _ wait_milliseconds: UInt32, _ step: UnsafeMutablePointer<ballast_step>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let (session, _) = try advisedSession(balancer)
    let result = try unsafe SizedOutlet(step)
    let answer = session.turn.wait(milliseconds: Int(wait_milliseconds)) { turn -> Turn.Step?? in
      if let step = turn.take() { return .some(step) }
      return turn.isUnderWay ? nil : .some(nil)
    }
    guard let given = answer ?? nil else { throw .nothing("there is no step to carry out") }
    result.set(ballast_step(given))
  }
}

/// Takes the engine's word that a step is done, or cannot be; see `ballast.h`.
@c @implementation
public func ballast_balancer_acknowledge(
  _ balancer: ballast_balancer, _ step: UInt64, _ failed: UInt32
) -> ballast_status {
  answer { () throws(Refusal) in
    guard failed <= 1 else { throw .badValue("failed is \(failed); allowed is 0 and 1") }
    let (session, advised) = try advisedSession(balancer)
    let finished = session.turn.withLock { turn in
      let finished = turn.finish(step)
      if finished?.step.kind == .publish, failed == 0 { turn.isPublished = true }
      return finished
    }
    guard let (given, reply) = finished else {
      throw .nothing("step \(step) was not given, or was aborted or timed out; give back what it staged")
    }
    switch given.kind {
    case .retire:
      if let replica = given.replica { advised.noteRetired(replica) }
    case .stage, .publish:
      reply?.resume(returning: failed == 0 ? .success(()) : .failure(given.failure))
    }
    guard given.kind == .publish else { return }
    while session.turn.wait({ $0.isUnderWay ? nil : true }) == nil {}
  }
}

/// Abandons the plan under way; see `ballast.h`.
@c @implementation
public func ballast_balancer_abort(_ balancer: ballast_balancer) -> ballast_status {
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    guard session.abort() else { throw .nothing("no plan is under way, or it is published already") }
  }
}

private func advisedSession(_ balancer: ballast_balancer) throws(Refusal) -> (Session, AdvisedExecutor) {
  let session = try Registry.sessions.find(balancer)
  guard let advised = session.advised else {
    throw Refusal(BALLAST_WRONG_MODE, "the balancer is in executor mode, which carries plans out itself")
  }
  return (session, advised)
}

extension Turn.Step {
  /// What staging fails with when the engine says so.
  fileprivate var failure: StagingError {
    guard let replica else { return .cancelled }
    return .badWeights(layer: layer, expert: replica.replica.expert, reason: "the engine could not stage it")
  }
}

extension ballast_step {
  fileprivate init(_ step: Turn.Step) {
    self.init()
    self.step = step.number
    table_version = step.version
    switch_step = step.switchStep
    switch step.kind {
    case .stage: kind = UInt32(BALLAST_STEP_STAGE)
    case .retire: kind = UInt32(BALLAST_STEP_RETIRE)
    case .publish: kind = UInt32(BALLAST_STEP_PUBLISH)
    }
    guard let staged = step.replica else { return }
    replica = ballast_replica(staged.replica, layer: step.layer, name: staged.handle)
    bytes = UInt64(max(0, staged.bytes))
  }
}

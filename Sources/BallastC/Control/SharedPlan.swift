import BallastControl

/// A plan behind a handle; it never changes.
final class SharedPlan: Sendable {
  let plan: Plan

  init(_ plan: Plan) { self.plan = plan }
}

import BallastControl
import Synchronization

/// A plan behind a handle, of a model and a cluster.
final class SharedPlan: Sendable {
  /// Only the step it is switched to at ever changes.
  let plan: Mutex<Plan>
  let experts: Int
  let devices: Int

  init(_ plan: Plan, experts: Int, devices: Int) {
    self.plan = Mutex(plan)
    self.experts = experts
    self.devices = devices
  }
}

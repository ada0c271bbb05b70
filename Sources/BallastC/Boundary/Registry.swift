/// Every object that has a handle, by kind.
enum Registry {
  static let sessions = Handles<Session>(kind: 1, "balancer")
  static let lanes = LaneSlots()
  static let loads = Handles<SharedLoad>(kind: 3, "load")
  static let executors = Handles<SharedExecutor>(kind: 5, "executor")
  static let plans = Handles<SharedPlan>(kind: 4, "plan")
}

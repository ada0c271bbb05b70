import Ballast
import BallastOperations
import BallastRuntime
import BallastServing

/// What a run is about to do, for the terminal.
struct RunHeader {
  private let settings: RunSettings
  private let arm: ServingArm

  init(_ settings: RunSettings, _ arm: ServingArm) {
    self.settings = settings
    self.arm = arm
  }

  var text: String {
    let model = settings.checkpoint.configuration
    return """
      model     \(settings.checkpoint.directory): \(model.layers) layers of \(model.expertsPerLayer) experts, \(choices)
      domains   \(settings.texts.map(\.name).joined(separator: ", "))
      devices   \(settings.devices), \(ByteCount(bytes: settings.budgetBytes)) of expert weights in all; \(settings.lanes) serving threads
      gate      \(arm.balancer.gate.configuration.summary)
      cost law  \(law)
      """
  }

  private var choices: String {
    let model = settings.checkpoint.configuration
    let each = "\(model.expertsPerToken) a token"
    return model.roundsPerLayer == 1
      ? each : "\(each), \(model.expertsPerRound) in each of \(model.roundsPerLayer) rounds"
  }

  /// What the executor measured of itself, precision by precision.
  private var law: String {
    let cost = arm.balancer.statistics.cost
    return arm.precisions.map { precision in
      let activation = fixed(cost.activationNanoseconds[precision] / 1000, 2)
      let perToken = fixed(cost.perTokenNanoseconds[precision] / 1000, 2)
      return "\(precision) \(activation) µs an expert and \(perToken) µs a token"
    }.joined(separator: ", ")
  }
}

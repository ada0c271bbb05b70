import ArgumentParser
import BallastControl

/// What `ballast run` does to the traffic, and shows of it.
struct TrafficOptions: ParsableArguments {
  @Flag(
    help: """
      Let the domains change from one request to the next instead of fading, and show in each line how far the routing \
      lies from what the placement was planned for.
      """)
  var drift = false

  @Option(
    help: ArgumentHelp(
      """
      Let requests arrive by the clock: half of what warm-up served, and in the middle third of a turn this many times as \
      much (default: as fast as they are served).
      """, valueName: "factor"))
  var surge: Double?

  @Option(
    help: ArgumentHelp(
      """
      Requests that may wait before the adaptive arm's gate spends less on each token, topp or confidence \
      (default: the configuration's relief.queueTarget; 0 never).
      """, valueName: "requests"))
  var queueTarget: Int?

  func validate() throws {
    if let surge, !(surge > 0 && surge <= 100) {
      throw ValidationError("--surge is \(surge); it must be above 0 and at most 100")
    }
    if let queueTarget, !(0...1_000_000_000).contains(queueTarget) {
      throw ValidationError("--queue-target is \(queueTarget); allowed is 0 to 1000000000")
    }
  }

  /// The relief of a configuration, with what the command line says in place of its own.
  func applied(to relief: ComputeReliefConfiguration) -> ComputeReliefConfiguration {
    var next = relief
    if let queueTarget { next.queueTarget = queueTarget }
    return next
  }
}

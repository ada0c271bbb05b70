import BallastRuntime

extension ControlLoop {
  /// Compares the routing with what the placement was planned for, before anything else looks at the load.
  mutating func watchDrift(_ snapshot: LoadSnapshot, _ samples: SampleTotals, _ event: inout ControlEvent) {
    guard configuration.drift.mode != .off else { return }
    event.drift = drift.look(
      snapshot.totals, samples: samples, configuration: configuration.estimator,
      chance: configuration.drift.falseAlarmRate)
    if let found = event.drift {
      driftAlarm.note(score: found.score)
      settleKnobs()
    }
    event.isDrifting = driftAlarm.isOn
  }

  /// The placement is right for the window at hand: from now on that is what drift is measured from.
  mutating func noteDriftReference(_ samples: SampleTotals) {
    guard let load = window.load else { return }
    drift.notePlan(for: load, samples: samples, configuration: configuration.estimator)
  }

  /// Gives every stage the knobs that hold now: while drift lasts, shorter windows and less dwell.
  mutating func settleKnobs() {
    driftAlarm.calmWindows = configuration.drift.calmWindows
    if configuration.drift.mode == .off { driftAlarm = DriftAlarm(calmWindows: configuration.drift.calmWindows) }
    let knobs = driftAlarm.isOn ? configuration.whileDrifting : configuration
    window.length = .tokens(knobs.estimator.windowTokens)
    estimator.configuration = knobs.estimator
    controller.configuration = knobs.controller
  }
}

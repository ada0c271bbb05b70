import BallastRuntime

extension ControlLoop {
  /// Spares tokens computing, or restores it, as the queue asks; before anything else a tick does.
  mutating func relieve(_ queueLength: Int?, _ event: inout ControlEvent) {
    relief.configuration = configuration.relief
    if configuration.mode != .act { relief.configuration.queueTarget = 0 }
    if relief.level == 0 { gateInFull = path.gate.configuration }
    let gate = gateInFull
    event.relief = gate.canRelieve || relief.level > 0 ? relief.decide(queueLength: queueLength) : nil
    event.reliefLevel = relief.level
    guard event.relief != nil else { return }
    let next = gate.relieved(level: relief.level, by: configuration.relief)
    path.gate.update { $0 = next }
  }

  /// Makes another gate the one that relief starts from; lanes follow it at the level there is.
  mutating func set(gate: GateConfiguration) {
    gateInFull = gate
    let next = gate.relieved(level: relief.level, by: configuration.relief)
    path.gate.update { $0 = next }
  }
}

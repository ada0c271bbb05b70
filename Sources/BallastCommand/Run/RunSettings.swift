import BallastControl
import BallastOperations
import BallastServing
import Foundation

/// Everything `ballast run` has read and resolved before it serves.
struct RunSettings {
  let checkpoint: MixtralCheckpoint
  let texts: [DomainText]
  let lengths: [RequestLength]?
  /// Most bytes of a request.
  let contextBytes: Int
  let devices: Int
  let lanes: Int
  /// Bytes both arms may hold of expert weights and scales.
  let budgetBytes: Int
  /// Bytes of the adaptive arm where experts may be evicted, as a share of one copy of each at full precision; nil where
  /// all stay.
  let residentShare: Double?
  let configuration: BalancerConfiguration
  /// What the command line says of the gate, whatever the configuration becomes.
  let gate: GateOptions
  /// What the command line says of the traffic.
  let traffic: TrafficOptions
  let seconds: Double
  let pairs: Int
  let seed: UInt64
  let simulatedDevices: Int

  /// Sequences each lane keeps in flight.
  static let sequencesPerLane = 64
}

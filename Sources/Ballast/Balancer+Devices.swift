import BallastControl
public import BallastRuntime

extension Balancer {
  /// Takes note that a device is gone, and with it every replica it held.
  ///
  /// From now on no batch is sent there whose experts stand elsewhere. The next tick stages new replicas of those
  /// that do not; until then a batch that needs one of them fails, and may be tried again.
  ///
  /// - Throws: `BalancerError.unknownDevice`, or `.devices` when no device would be left; all stays as it was then.
  public func lose(_ device: DeviceID) throws(BalancerError) { try set(device, to: .lost) }

  /// Empties a device that still computes: its replicas go once they stand elsewhere.
  ///
  /// While the last copy of an expert has room nowhere else the device keeps all it has, and each tick says so.
  ///
  /// - Throws: As `lose`.
  public func drain(_ device: DeviceID) throws(BalancerError) { try set(device, to: .draining) }

  /// Brings a device back, with nothing on it that had been moved away; the loop fills it as that pays.
  ///
  /// - Throws: As `lose`.
  public func restore(_ device: DeviceID) throws(BalancerError) { try set(device, to: .serving) }
}

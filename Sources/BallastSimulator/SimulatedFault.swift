public import BallastRuntime

/// Something that goes wrong in a simulated cluster.
public enum SimulatedFault: Hashable, Sendable {
  /// The device neither computes nor takes replicas until `SimulatedCluster.restore` brings it back.
  case deviceLost(DeviceID)
  /// The next stagings fail with this error, after their memory was taken.
  case stagingsFail(next: Int, StagingError)
  /// The next stagings wait until they are cancelled, holding their memory.
  case stagingsHang(next: Int)
  /// Each staging from now on fails with this probability, drawn from the cluster's seed; share 0 ends it.
  case stagingsUnreliable(share: Double, StagingError)
}

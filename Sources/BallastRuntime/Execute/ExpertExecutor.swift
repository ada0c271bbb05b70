/// Something that holds replicas and computes them.
///
/// `stage` and `retire` are called by one rollout at a time, never while a lane could reach the replica; `execute`
/// is called by any number of lanes at once and never waits for staging.
public protocol ExpertExecutor: Sendable {
  /// The model it holds the experts of.
  var shape: ModelShape { get }

  /// Its devices.
  var topology: Topology { get }

  /// The precisions it can hold, from the most exact to the least.
  var precisions: [Precision] { get }

  /// Whether it computes stored replicas: it can read an expert's weights while serving and takes no bytes of a device for
  /// them.
  var storesExperts: Bool { get }

  /// Puts a replica's weights in place on its device; of a stored one, makes sure that they can be read.
  ///
  /// - Throws: `StagingError`; then nothing of it is left on the device.
  func stage(_ replica: Replica, layer: LayerID) async throws(StagingError) -> StagedReplica

  /// Gives back the memory of a replica no lane can reach.
  func retire(_ replica: StagedReplica) async

  /// Called once everything a plan adds is staged, before the table that names it is published.
  ///
  /// Where lanes of several processes must switch between the same two batches, this is where they wait for each other.
  ///
  /// - Throws: `StagingError`; the plan is abandoned then.
  func preparePublication(version: UInt64) async throws(StagingError)

  /// Computes a dispatched batch and combines expert outputs with their gate weights.
  ///
  /// - Parameters:
  ///   - dispatch: Which rows meet which replica.
  ///   - layer: The layer all of them belong to.
  ///   - input: `[token][hidden]`, what the experts read.
  ///   - output: `[token][hidden]`, overwritten with Σ gate · expert(input) in the selection's order of choices.
  ///   - sample: When not nil, to be filled for this batch.
  /// - Throws: `ExecutionError`; `output` is then unspecified.
  /// - Complexity: Blocks until the batch is done; may queue behind other lanes' batches.
  func execute(
    _ dispatch: borrowing Dispatch, layer: LayerID, input: Span<Float>, output: inout MutableSpan<Float>,
    sample: inout ExecutionSample?
  ) throws(ExecutionError)

  /// Measures the coefficients of the cost law on this machine.
  func calibrate() async throws(StagingError) -> CostModel

  /// Bytes in use now, per device.
  var memory: [DeviceMemory] { get }
}

extension ExpertExecutor {
  /// Every replica is in the memory of its device.
  public var storesExperts: Bool { false }

  /// Publishes at once.
  public func preparePublication(version: UInt64) async throws(StagingError) {}
}

/// Bytes in use on one device.
public struct DeviceMemory: Hashable, Sendable {
  /// Weights and scales of everything staged: what the byte budget counts.
  public var replicaBytes: Int
  /// The most `replicaBytes` has been.
  public var peakReplicaBytes: Int
  /// What the allocator holds beyond that, reported apart.
  public var overheadBytes: Int
  /// `replicaBytes` by the precision of the replicas; all 0 where an executor does not say.
  public var bytesByPrecision = PerPrecision(repeating: 0)

  /// States the use of one device.
  public init(replicaBytes: Int, peakReplicaBytes: Int, overheadBytes: Int) {
    self.replicaBytes = replicaBytes
    self.peakReplicaBytes = peakReplicaBytes
    self.overheadBytes = overheadBytes
  }
}

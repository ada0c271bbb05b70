import Synchronization

/// What the lanes of one balancer share: counters, the current table, and the executor.
public final class ServingPath: Sendable {
  /// Tokens per expert, written by lanes.
  public let counters: LoadCounters
  /// What sampled batches revealed, written by lanes.
  public let samples: SampleCounters
  /// Where sampled tokens go from layer to layer, written by lanes; nil when nobody asks.
  public let affinity: AffinityCounters?
  /// The table lanes dispatch by.
  public let table: Published<RoutingTable>
  /// Where dispatches are computed.
  public let executor: any ExpertExecutor
  /// What the gates of its lanes work by.
  public let gate: GateSetting
  /// Lanes that may exist at once.
  public let laneLimit: Int

  private let freeLanes: Mutex<[Int]>
  private let applying = Atomic<Bool>(false)

  /// Readies `laneLimit` rows and slots around a first table; the first `affinityLanes` lanes also count transitions.
  public init(
    table: RoutingTable, executor: any ExpertExecutor, laneLimit: Int, affinityLanes: Int = 0,
    gate: GateConfiguration = GateConfiguration()
  ) {
    counters = LoadCounters(lanes: laneLimit, shape: executor.shape)
    samples = SampleCounters(lanes: laneLimit, shape: executor.shape)
    let counted = min(affinityLanes, laneLimit)
    let hasTransitions = executor.shape.layers > 1 || executor.shape.roundsPerLayer > 1
    affinity = counted > 0 && hasTransitions ? AffinityCounters(lanes: counted, shape: executor.shape) : nil
    self.table = Published(table, readers: laneLimit)
    self.executor = executor
    self.laneLimit = laneLimit
    self.gate = GateSetting(gate)
    freeLanes = Mutex(Array((0..<laneLimit).reversed()))
  }

  /// A handle for one more serving worker.
  ///
  /// - Throws: `LaneError.tooManyLanes` when `laneLimit` lanes exist.
  public func makeLane() throws(LaneError) -> Lane {
    guard let row = freeLanes.withLock({ $0.popLast() }) else { throw .tooManyLanes(limit: laneLimit) }
    return Lane(path: self, row: row)
  }

  /// Whether a plan is being staged, published or retired now; the control loop says so.
  public var isApplying: Bool {
    get { applying.load(ordering: .relaxed) }
    set { applying.store(newValue, ordering: .relaxed) }
  }

  func giveBack(row: Int) { freeLanes.withLock { $0.append(row) } }
}

/// Why a lane cannot be made.
public enum LaneError: Error, Hashable, CustomStringConvertible {
  /// As many lanes as the balancer was configured for exist already.
  case tooManyLanes(limit: Int)

  /// The fact, and the limit.
  public var description: String {
    switch self {
    case .tooManyLanes(let limit): "all \(limit) lanes are in use; raise laneLimit"
    }
  }
}

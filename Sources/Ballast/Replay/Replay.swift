public import BallastControl
public import BallastRuntime

/// Runs a policy over recorded traffic: each window is judged with the placement that was planned from the windows
/// before it.
public struct Replay: Sendable {
  /// The cluster and the experts.
  public let model: ReplayModel
  /// Who places the replicas.
  public let policy: ReplayPolicy
  /// The knobs of Ballast's control loop.
  public let configuration: BalancerConfiguration
  /// When set, devices with room may borrow replicas for a batch.
  public let borrow: ReplayBorrowing?

  /// A replay of `policy` on `model`.
  public init(
    model: ReplayModel, policy: ReplayPolicy, configuration: BalancerConfiguration, borrow: ReplayBorrowing? = nil
  ) {
    self.model = model
    self.policy = policy
    self.configuration = configuration
    self.borrow = borrow
  }

  /// Knobs for planning once a window, on that window and those before it.
  public static func configuration(copies: Int?, planLifeWindows: Int) -> BalancerConfiguration {
    var configuration = BalancerConfiguration()
    configuration.estimator = EstimatorConfiguration(windowTokens: 1, halfLifeTicks: 6, samplingInterval: 0)
    configuration.controller = ControllerConfiguration(
      enterImbalance: 1.0001, leaveImbalance: 1, dwellTicks: 1, cooldownTicks: 0, reviewTicks: 1,
      planLifeTicks: planLifeWindows)
    configuration.planner.copiesPerLayer = copies
    configuration.planner.memoryBudgetShare = 1e6
    configuration.planner.qualityBudget = 0
    // What a copy must gain is a share of what all copies of a layer may cost.
    configuration.planner.leastGain = 0.024 / Double(max(copies ?? 64, 1))
    return configuration
  }

  /// Everything a replay yields: figures, and the placements and shares behind them.
  public struct Outcome: Sendable {
    /// The figures.
    public let result: ReplayResult
    /// `[window]`: the placement each window met, the start placement first.
    public let placements: [Placement]
    /// `[layer][device]`: shares of the last window's tokens.
    public let deviceShares: [[Double]]
  }

  /// Replays windows of loads.
  ///
  /// - Parameters:
  ///   - windows: `[window][batch][layer][expert]` tokens, at least two windows.
  ///   - executor: Devices that only pretend to hold replicas, of the model's shape and topology.
  ///   - progress: Called after each window with its number.
  ///   - transitions: Where the tokens of a window went from layer to layer; nil when that is not recorded.
  /// - Returns: The figures, and the placements behind them.
  /// - Throws: `ReplayError.balancer` when the cluster cannot hold the placement.
  public func run(
    _ windows: some Sequence<[[[Int]]]>, on executor: any ExpertExecutor, progress: (Int) -> Void = { _ in },
    transitions: (Int) -> AffinityTotals? = { _ in nil }
  ) async throws(ReplayError) -> Outcome {
    var planner = try await ReplayPlanner(self, on: executor)
    var judge = ReplayJudge(model: model, borrow: borrow)
    var judged: [ReplayWindow] = []
    var placements: [Placement] = []
    var shares: [[Double]] = []
    var step = ReplayPlanner.Step(copiesMoved: 0, bytesMoved: 0, milliseconds: 0, drift: nil)
    for (index, batches) in windows.enumerated() {
      let placement = planner.placement
      placements.append(placement)
      let seen = transitions(index)
      if index > 0 {
        let verdict = judge.judge(placement, batches: batches)
        let moves = seen.map { TokenMoves(AffinityEstimate($0), placement, model.topology) }
        judged.append(
          ReplayWindow(index, verdict, step, moves, borrowed: borrow.map { _ in verdict.borrowed }))
        shares = verdict.deviceShares
      }
      step = await planner.learn(batches, seen, window: index)
      if index > 0, let drift = step.drift { judged[judged.count - 1].drift = ReplayWindow.Drift(drift) }
      if index == 0 {
        step = ReplayPlanner.Step(copiesMoved: 0, bytesMoved: 0, milliseconds: step.milliseconds, drift: nil)
      }
      progress(index)
    }
    let copies = placements.last?.replicaCount ?? 0
    return Outcome(
      result: ReplayResult(
        policy: policy, windows: judged, copies: copies, bytesPerCopy: model.shape.bytesPerExpert[.bfloat16]),
      placements: placements,
      deviceShares: shares)
  }
}

extension ReplayWindow {
  fileprivate init(
    _ window: Int, _ verdict: ReplayJudge.Verdict, _ step: ReplayPlanner.Step, _ moves: TokenMoves?, borrowed: Double?
  ) {
    self.init(
      window: window, deviceImbalance: verdict.deviceImbalance, worstLayer: verdict.worstLayer,
      expertImbalance: verdict.expertImbalance, replicaImbalance: verdict.replicaImbalance,
      copiesMoved: step.copiesMoved, bytesMoved: step.bytesMoved, planMilliseconds: step.milliseconds,
      stepMicroseconds: verdict.stepMicroseconds, borrowed: borrowed, tokenMoves: moves?.betweenDevices,
      tokenMovesBetweenNodes: moves?.betweenNodes)
  }
}

public import BallastRuntime

/// The steps from one placement to the next, with what is expected of them.
public struct Plan: Sendable {
  /// The placement it starts from.
  public let current: Placement
  /// The placement it leads to.
  public let target: Placement
  /// What to stage and what to retire, by layer; layers that stay are left out.
  public let changes: [LayerChange]
  /// What is expected of it.
  public let forecast: PlanForecast

  /// Whether more would have paid than one plan may stage.
  public let isCutShort: Bool

  /// The publication it leads to: one after the table it was planned on; nil for a plan made apart from a balancer.
  public package(set) var version: UInt64?
  /// The step of serving at which every process switches to it, on a count of the caller's; nil: once it is staged.
  public var switchStep: UInt64?

  /// Whether nothing would change.
  public var isEmpty: Bool { changes.isEmpty }

  /// Replicas to stage that put an expert where it was not.
  public var copiesMoved: Int { current.copiesMoved(to: target) }
}

extension Plan {
  /// The plan that leads from one placement to another and promises nothing; for whoever only wants it applied.
  ///
  /// - Precondition: both have the same layers.
  package init(
    from current: Placement, to target: Placement, bytesPerExpert: PerPrecision<Int> = PerPrecision(repeating: 0)
  ) {
    let changes = zip(current.layers, target.layers).enumerated().map { index, pair in
      LayerChange(
        layer: LayerID(index), removed: pair.0.replicas.filter { !pair.1.replicas.contains($0) },
        added: pair.1.replicas.filter { !pair.0.replicas.contains($0) })
    }
    let staged = changes.flatMap(\.added).filter { $0.residency == .resident }
    let bytes = staged.reduce(0) { $0 + bytesPerExpert[$1.precision] }
    let forecast = PlanForecast(
      nanosecondsBefore: 0, nanosecondsAfter: 0, imbalanceBefore: 1, imbalanceAfter: 1, bytesMoved: bytes,
      qualitySpent: 0)
    self.init(
      current: current, target: target, changes: changes.filter { !$0.added.isEmpty || !$0.removed.isEmpty },
      forecast: forecast, isCutShort: false)
  }
}

/// What a plan is expected to bring and to cost.
public struct PlanForecast: Hashable, Sendable {
  /// Nanoseconds of a batch, summed over layers, as it is.
  public var nanosecondsBefore: Double
  /// Nanoseconds of a batch, summed over layers, once applied.
  public var nanosecondsAfter: Double
  /// Maximum over mean device time, mean over layers, as it is.
  public var imbalanceBefore: Double
  /// Maximum over mean device time, mean over layers, once applied.
  public var imbalanceAfter: Double
  /// Bytes to stage.
  public var bytesMoved: Int
  /// The most any layer's quality is forecast to suffer once applied.
  public var qualitySpent: Double
}

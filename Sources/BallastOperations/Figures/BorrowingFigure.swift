import BallastRuntime
import BallastSimulator

/// Step time and peak memory with and without borrowing, over the published scenarios.
///
/// 128 experts of 2880 × 2880 in bfloat16 on 8 devices, 32 768 tokens a device that choose 4; the devices follow
/// `CostModel.h200`. Only experts are simulated: neither the exchange of tokens nor the rest of the model.
public struct BorrowingFigure: Hashable, Codable, Sendable {
  /// One scenario.
  public struct Row: Hashable, Codable, Sendable {
    /// What was served.
    public let scenario: BorrowingScenario
    /// Maximum over mean device time without borrowing.
    public let imbalanceBefore: Double
    /// Maximum over mean device time with borrowing.
    public let imbalanceAfter: Double
    /// Replicas borrowed.
    public let transfers: Int
    /// Step time without borrowing over step time with it.
    public let speedUp: Double
    /// The most bytes any device needs without borrowing: weights, and what its tokens keep between products.
    public let peakBytesBefore: Int
    /// The same with borrowing, borrowed weights included.
    public let peakBytesAfter: Int
  }

  /// The scenarios, in their order.
  public let rows: [Row]

  private static let size = ExpertSize(hidden: 2880, inner: 2880)
  private static let (experts, devices, choicesPerToken) = (128, 8, 4)
  /// Bytes an assignment keeps: input, gate, up, their product, output, two bytes each.
  private static let bytesPerAssignment = (2 * size.hidden + 3 * size.inner) * 2

  /// Simulates every scenario with `tokensPerDevice`; the paper's is 32 768.
  ///
  /// - Throws: `BenchError`.
  public init(tokensPerDevice: Int = 32_768) async throws(BenchError) {
    let cost = CostModel.h200(Self.size)
    let shape = try BenchError.making { () throws(ModelShapeError) in
      try ModelShape(
        layers: 1, expertsPerLayer: Self.experts, expertsPerToken: Self.choicesPerToken,
        bytesPerExpert: Self.size.bytes, fullPrecision: .bfloat16)
    }
    let topology = try BenchError.making { () throws(TopologyError) in
      try Topology.uniform(devices: Self.devices, memoryBytesPerDevice: 1 << 40)
    }
    let layer = try await SimulatedLayer(
      shape: shape, topology: topology, cost: cost, placement: .contiguous(shape: shape, topology: topology))
    var rows: [Row] = []
    for scenario in BorrowingScenario.published {
      let batch = try Self.batch(scenario, tokensPerDevice: tokensPerDevice)
      let before = try layer.steps([batch], law: cost)[0]
      let after = try layer.steps([batch], law: cost, policy: .borrowing(BorrowLimits()))[0]
      rows.append(
        Row(
          scenario: scenario, imbalanceBefore: before.imbalance, imbalanceAfter: after.imbalance,
          transfers: after.dispatch.runs.count { $0.home != $0.device }, speedUp: before.longest / after.longest,
          peakBytesBefore: Self.peakBytes(before), peakBytesAfter: Self.peakBytes(after)))
    }
    self.rows = rows
  }

  /// The scenario's tokens, a row of one choice for each choice.
  private static func batch(_ scenario: BorrowingScenario, tokensPerDevice: Int) throws(BenchError) -> Selection {
    let choices = devices * max(tokensPerDevice, 1) * choicesPerToken
    var ids: [UInt16] = []
    for (expert, load) in scenario.loads(experts: experts, choices: choices).enumerated() {
      ids.append(contentsOf: repeatElement(UInt16(expert), count: load))
    }
    let gates = Array(repeating: Float(1) / Float(choicesPerToken), count: ids.count)
    return try BenchError.making { () throws(SelectionError) in
      var selection = Selection(expertsPerLayer: experts)
      try selection.append(
        experts: ids.span, gates: gates.span, expertsPerToken: 1, traits: TokenTraits(phase: .prefill))
      return selection
    }
  }

  private static func peakBytes(_ step: SimulatedLayer.Step) -> Int {
    let weights = size.bytes[.bfloat16]
    return (0..<devices).map { device in
      let runs = step.dispatch.runs(on: DeviceID(device))
      let borrowed = runs.count { $0.home != $0.device }
      let entries = runs.reduce(0) { $0 + $1.entries.count }
      return (experts / devices + borrowed) * weights + entries * bytesPerAssignment
    }.max() ?? 0
  }
}

extension BorrowingFigure {
  /// The rows as a table.
  public var table: ReportTable {
    ReportTable(
      columns: [
        "share", "hot experts", "imbalance", "after", "transfers", "speed-up", "paper", "peak GB", "after", "lower by",
      ],
      rows: rows.map { row in
        [
          fixed(row.scenario.share * 100, 0) + " %", "\(row.scenario.hotExperts)", fixed(row.imbalanceBefore, 3),
          fixed(row.imbalanceAfter, 3), "\(row.transfers)", fixed(row.speedUp, 2),
          fixed(row.scenario.publishedSpeedUp, 2), fixed(Double(row.peakBytesBefore) / 1e9, 2),
          fixed(Double(row.peakBytesAfter) / 1e9, 2),
          fixed(Double(row.peakBytesBefore) / Double(row.peakBytesAfter), 2) + " ×",
        ]
      })
  }

  /// Speed-up over the hot share, ours and the paper's.
  public var speedPlot: LinePlot {
    let series = [16, 4, 1].flatMap { hot in
      [
        line("\(hot) hot, simulated", hot) { $0.speedUp },
        line("\(hot) hot, published", hot) { $0.scenario.publishedSpeedUp },
      ]
    }
    return LinePlot(
      title: "Layer speed-up by borrowing", x: PlotAxis("tokens to hot experts", unit: "%"),
      y: PlotAxis("speed-up", includes: 1), series: series)
  }

  /// Peak memory of the fullest device over the hot share.
  public var memoryPlot: LinePlot {
    let series = [16, 4, 1].flatMap { hot in
      [
        line("\(hot) hot, at home", hot) { Double($0.peakBytesBefore) / 1e9 },
        line("\(hot) hot, borrowing", hot) { Double($0.peakBytesAfter) / 1e9 },
      ]
    }
    return LinePlot(
      title: "Memory of the fullest device", x: PlotAxis("tokens to hot experts", unit: "%"),
      y: PlotAxis("bytes", unit: "GB", includes: 0), series: series)
  }

  private func line(_ name: String, _ hot: Int, _ value: (Row) -> Double) -> PlotSeries {
    let rows = rows.filter { $0.scenario.hotExperts == hot }
    return PlotSeries(name, x: rows.map { $0.scenario.share * 100 }, y: rows.map(value))
  }
}

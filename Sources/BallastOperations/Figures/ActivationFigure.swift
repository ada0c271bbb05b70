import BallastRuntime
import BallastSimulator

/// Simulated step time by batch size: dispatching by the whole law, by tokens alone, and by activations alone.
///
/// 256 experts of 7168 × 2048 in bfloat16 on 16 devices, the 64 busiest with two copies more; tokens choose 8 by
/// Zipf's law with exponent 0.8. The devices follow `CostModel.h200`.
public struct ActivationFigure: Hashable, Codable, Sendable {
  /// Mean step times at one batch size.
  public struct Point: Hashable, Codable, Sendable {
    /// Tokens of a batch.
    public let tokens: Int
    /// Microseconds of a layer, dispatched by the whole law.
    public let wholeLaw: Double
    /// Microseconds of a layer, dispatched as if touching a replica were free.
    public let tokensOnly: Double
    /// Microseconds of a layer, dispatched as if tokens were free.
    public let activationsOnly: Double
  }

  /// The batch sizes, ascending.
  public let points: [Point]

  /// Simulates batches of 1…`largestBatch` tokens, doubling, `repetitions` of each.
  ///
  /// - Throws: `BenchError`.
  public init(largestBatch: Int = 4096, repetitions: Int = 16, seed: UInt64 = 1) async throws(BenchError) {
    let size = ExpertSize(hidden: 7168, inner: 2048)
    let (experts, devices) = (256, 16)
    let cost = CostModel.h200(size)
    let shape = try BenchError.making { () throws(ModelShapeError) in
      try ModelShape(
        layers: 1, expertsPerLayer: experts, expertsPerToken: 8, bytesPerExpert: size.bytes, fullPrecision: .bfloat16)
    }
    let topology = try BenchError.making { () throws(TopologyError) in
      try Topology.uniform(devices: devices, memoryBytesPerDevice: 1 << 40)
    }
    let workload = try BenchError.making { () throws(ZipfWorkloadError) in
      try ZipfWorkload(shape: shape, exponent: 0.8, seed: seed)
    }
    let placement = try Self.placement(workload, shape: shape, topology: topology)
    let layer = try await SimulatedLayer(shape: shape, topology: topology, cost: cost, placement: placement)
    var points: [Point] = []
    var tokens = 1
    while tokens <= max(largestBatch, 1) {
      points.append(try Self.point(tokens, max(repetitions, 1), workload, layer, cost))
      tokens *= 2
    }
    self.points = points
  }

  /// Contiguous originals, and two more copies of every expert among the busiest quarter.
  private static func placement(
    _ workload: ZipfWorkload, shape: ModelShape, topology: Topology
  ) throws(BenchError) -> Placement {
    let originals = Placement.contiguous(shape: shape, topology: topology).layers[0].replicas
    let loads = try BenchError.making { () throws(ZipfWorkloadError) in try workload.loads(tokens: 65_536)[0] }
    let busiest = loads.indices.sorted { (loads[$1], $0) < (loads[$0], $1) }.prefix(shape.expertsPerLayer / 4)
    let devices = topology.devices.count
    let copies = busiest.flatMap { expert in
      [5, 10].map { distance in
        Replica(
          expert: ExpertID(expert), device: DeviceID((originals[expert].device.index + distance) % devices),
          precision: shape.fullPrecision)
      }
    }
    return Placement(layers: [LayerPlacement(originals + copies)])
  }

  private static func point(
    _ tokens: Int, _ repetitions: Int, _ workload: ZipfWorkload, _ layer: SimulatedLayer, _ cost: CostModel
  ) throws(BenchError) -> Point {
    let batches = try BenchError.making { () throws(ZipfWorkloadError) in
      var batches: [Selection] = []
      for batch in 1...repetitions {
        batches.append(try workload.selection(layer: LayerID(0), tokens: tokens, batch: batch))
      }
      return batches
    }
    func mean(_ law: CostModel) throws(BenchError) -> Double {
      try layer.steps(batches, law: law).reduce(0) { $0 + $1.longest } / Double(repetitions) / 1000
    }
    var tokensOnly = cost
    tokensOnly.activationNanoseconds = PerPrecision(repeating: 0)
    var activationsOnly = cost
    activationsOnly.perTokenNanoseconds = PerPrecision(repeating: 0)
    return Point(
      tokens: tokens, wholeLaw: try mean(cost), tokensOnly: try mean(tokensOnly),
      activationsOnly: try mean(activationsOnly))
  }
}

extension ActivationFigure {
  /// The points as a table.
  public var table: ReportTable {
    ReportTable(
      columns: [
        "tokens", "whole law, µs", "tokens only, µs", "activations only, µs", "tokens only ÷", "activations only ÷",
      ],
      rows: points.map { point in
        [
          "\(point.tokens)", fixed(point.wholeLaw, 1), fixed(point.tokensOnly, 1), fixed(point.activationsOnly, 1),
          fixed(point.tokensOnly / point.wholeLaw, 3), fixed(point.activationsOnly / point.wholeLaw, 3),
        ]
      })
  }

  /// How much longer a step takes when dispatch knows only half of the law.
  public var plot: LinePlot {
    let tokens = points.map { Double($0.tokens) }
    return LinePlot(
      title: "Simulated step time over that of dispatch by the whole law",
      x: PlotAxis("tokens in the batch", scale: .logarithmic), y: PlotAxis("step time, whole law = 1", includes: 1),
      series: [
        PlotSeries("whole law", x: tokens, y: points.map { _ in 1 }),
        PlotSeries("tokens only", x: tokens, y: points.map { $0.tokensOnly / $0.wholeLaw }),
        PlotSeries("activations only", x: tokens, y: points.map { $0.activationsOnly / $0.wholeLaw }),
      ])
  }
}

import Ballast
import BallastControl
import BallastRuntime
import BallastSimulator

/// Planning of whole models from nothing, measured: what it takes, and how even the devices become.
public struct PlanBench: Sendable {
  /// A model and where its copies go.
  public struct Scale: Hashable, Codable, Sendable {
    /// MoE layers.
    public var layers: Int
    /// Experts of a layer.
    public var experts: Int
    /// Copies of a layer.
    public var copies: Int
    /// Devices.
    public var devices: Int
    /// Experts a token chooses.
    public var expertsPerToken: Int

    /// States a model and where its copies go.
    public init(layers: Int, experts: Int, copies: Int, devices: Int, expertsPerToken: Int) {
      self.layers = layers
      self.experts = experts
      self.copies = copies
      self.devices = devices
      self.expertsPerToken = expertsPerToken
    }
  }

  /// What was measured for one model and one skew.
  public struct Row: Hashable, Codable, Sendable {
    /// The model.
    public var scale: Scale
    /// The skew of the loads: Zipf's exponent.
    public var exponent: Double
    /// Milliseconds for the whole model: the median of the seeds, each the median of its repetitions.
    public var milliseconds: Double
    /// Device imbalance under even shares, mean over layers: the median of the seeds.
    public var imbalance: Double
    /// The same of the worst seed.
    public var worstImbalance: Double
    /// What no placement goes below, mean over layers: the median of the seeds.
    public var lowerBound: Double
  }

  /// Models like those that are served, from many devices to few.
  public static let models = [
    Scale(layers: 58, experts: 256, copies: 288, devices: 32, expertsPerToken: 8),
    Scale(layers: 58, experts: 256, copies: 320, devices: 64, expertsPerToken: 8),
    Scale(layers: 48, experts: 128, copies: 144, devices: 16, expertsPerToken: 8),
    Scale(layers: 16, experts: 64, copies: 72, devices: 8, expertsPerToken: 6),
    Scale(layers: 32, experts: 8, copies: 12, devices: 4, expertsPerToken: 2),
  ]

  /// Clusters and models that grow to what may come.
  public static let growth = [
    Scale(layers: 128, experts: 128, copies: 256, devices: 64, expertsPerToken: 8),
    Scale(layers: 128, experts: 256, copies: 512, devices: 256, expertsPerToken: 8),
    Scale(layers: 128, experts: 512, copies: 2048, devices: 1024, expertsPerToken: 8),
    Scale(layers: 128, experts: 1024, copies: 8192, devices: 4096, expertsPerToken: 8),
  ]

  /// Tokens of the window the loads are drawn from.
  public static let tokens = 65_536

  private let seeds: [UInt64]
  private let repetitions: Int

  /// A measurement over some seeds, at least one, each repeated for the time it takes.
  public init(seeds: [UInt64], repetitions: Int) {
    self.seeds = seeds
    self.repetitions = max(1, repetitions)
  }

  /// Measures one model under loads of one skew.
  ///
  /// - Throws: `PlanBenchError` when the scale is impossible.
  public func row(_ scale: Scale, exponent: Double) throws(PlanBenchError) -> Row {
    var milliseconds: [Double] = []
    var imbalances: [Double] = []
    var bounds: [Double] = []
    do {
      let packer = try Packer(experts: scale.experts, copies: scale.copies, devices: scale.devices)
      for seed in seeds {
        let loads = try loads(scale, exponent, seed)
        var layers: [PackedLayer] = []
        var times: [Double] = []
        let clock = ContinuousClock()
        for _ in 0..<repetitions {
          let begin = clock.now
          layers = try packer.pack(loads)
          times.append((clock.now - begin).milliseconds)
        }
        milliseconds.append(Self.median(times))
        let count = Double(layers.count)
        imbalances.append(layers.reduce(0) { $0 + $1.imbalance } / count)
        bounds.append(layers.reduce(0) { $0 + $1.lowerBound } / count)
      }
    } catch {
      throw .scale(reason: "\(error)")
    }
    return Row(
      scale: scale, exponent: exponent, milliseconds: Self.median(milliseconds), imbalance: Self.median(imbalances),
      worstImbalance: imbalances.max() ?? 1, lowerBound: Self.median(bounds))
  }

  /// Rows as a table.
  public static func table(_ rows: [Row]) -> ReportTable {
    ReportTable(
      columns: [
        "layers × experts → copies, devices", "Zipf", "ms", "imbalance", "worst seed", "lower bound",
      ],
      rows: rows.map { row in
        [
          "\(row.scale.layers) × \(row.scale.experts) → \(row.scale.copies), \(row.scale.devices)",
          fixed(row.exponent, 1), fixed(row.milliseconds, 3), fixed(row.imbalance, 5), fixed(row.worstImbalance, 5),
          fixed(row.lowerBound, 5),
        ]
      })
  }

  /// Choices drawn one by one, so that steep loads give an expert more than every token.
  private func loads(_ scale: Scale, _ exponent: Double, _ seed: UInt64) throws -> [[Double]] {
    let shape = try ModelShape(
      layers: scale.layers, expertsPerLayer: scale.experts, expertsPerToken: 1,
      bytesPerExpert: PerPrecision(repeating: 1), fullPrecision: .bfloat16)
    return try ZipfWorkload(shape: shape, exponent: exponent, seed: seed)
      .loads(tokens: Self.tokens * scale.expertsPerToken).map { $0.map { Double($0) } }
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }
}

/// Why planning cannot be measured.
public enum PlanBenchError: Error, Hashable, CustomStringConvertible {
  /// The model or the cluster is impossible, or its loads cannot be drawn.
  case scale(reason: String)

  /// The fact.
  public var description: String {
    switch self {
    case .scale(let reason): reason
    }
  }
}

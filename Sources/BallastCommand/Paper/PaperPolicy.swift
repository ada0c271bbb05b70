import BallastControl
import BallastRuntime

/// A way to place the experts of a model inside their original bytes.
enum PaperPolicy: String, CaseIterable {
  /// One copy of each expert at full precision, contiguous.
  case original
  /// As `original`, the least important experts at low precision.
  case demoteOnly
  /// Copies of the heavy hitters, and everything at low precision.
  case quantizeAll
  /// Replicate-and-Quantize as published: copies and the least important experts at low precision.
  case replicateAndQuantize
  /// Ballast: copies and precisions chosen together, by time, bytes and measured error.
  case joint

  /// What a legend calls it.
  var name: String {
    switch self {
    case .original: "original"
    case .demoteOnly: "demote only"
    case .quantizeAll: "replicate, quantize all"
    case .replicateAndQuantize: "replicate and quantize"
    case .joint: "joint (Ballast)"
    }
  }
}

/// What the policies know of the model: gathered on texts that are not scored.
struct PaperKnowledge {
  let shape: ModelShape
  let topology: Topology
  let cost: CostModel
  /// `[layer][expert]`: tokens that chose the expert.
  let tokens: [[Double]]
  /// `[layer][expert]`: the expert's share of its layer's importance.
  let importance: [[Double]]
  let errors: ErrorEstimate
  /// What copies and the least important experts are stored at.
  let lowPrecision: Precision

  /// Experts of a layer that get a copy, as a share.
  private static let heavyShare = 0.25

  /// The placement a policy chooses for batches of `batch` tokens.
  func placement(_ policy: PaperPolicy, batch: Int) -> Placement {
    let original = Placement.contiguous(shape: shape, topology: topology)
    switch policy {
    case .original: return original
    case .joint: return joint(from: original, batch: batch)
    case .demoteOnly, .quantizeAll, .replicateAndQuantize:
      return Placement(
        layers: original.layers.enumerated().map { published(policy, $0.element, LayerID($0.offset)) })
    }
  }

  private var bytes: PerPrecision<Int> { shape.bytesPerExpert }

  /// One layer, each step as the paper takes it, on its own.
  private func published(_ policy: PaperPolicy, _ layer: LayerPlacement, _ id: LayerID) -> LayerPlacement {
    let (load, worth) = (tokens[id.index], importance[id.index])
    let saved = bytes[shape.fullPrecision] - bytes[lowPrecision]
    let most = shape.expertsPerLayer * saved / bytes[shape.fullPrecision]
    let copies = topology.devices.count < 2 ? 0 : min(Int(Double(load.count) * Self.heavyShare), most)
    let heavy = load.indices.sorted { (load[$1], $0) < (load[$0], $1) }.prefix(copies)
    // The heavy keep an exact original, unless everything is quantized.
    let demotable = worth.indices.filter { !heavy.contains($0) }.sorted { (worth[$0], $0) < (worth[$1], $1) }
    let needed = saved > 0 ? (copies * bytes[lowPrecision] + saved - 1) / saved : 0
    let demoted = policy == .quantizeAll ? Set(load.indices) : Set(demotable.prefix(needed))
    var replicas = layer.replicas
    for place in replicas.indices where demoted.contains(replicas[place].expert.index) {
      replicas[place].precision = lowPrecision
    }
    guard policy != .demoteOnly else { return LayerPlacement(replicas) }
    var sums = Array(repeating: 0.0, count: topology.devices.count)
    for replica in replicas { sums[replica.device.index] += load[replica.expert.index] }
    for expert in heavy {
      guard let home = replicas.first(where: { $0.expert.index == expert })?.device else { continue }
      let others = sums.indices.filter { $0 != home.index }
      guard let device = others.min(by: { (sums[$0], $0) < (sums[$1], $1) }) else { continue }
      sums[home.index] -= load[expert] / 2
      sums[device] += load[expert] / 2
      replicas.append(Replica(expert: ExpertID(expert), device: DeviceID(device), precision: lowPrecision))
    }
    return LayerPlacement(replicas)
  }

  /// Ballast's planner, allowed the original bytes, and the quality that Replicate-and-Quantize spends at most.
  private func joint(from original: Placement, batch: Int) -> Placement {
    let estimate = LoadEstimate(
      tokensPerBatch: tokens.map { layer in
        let sum = max(layer.reduce(0, +), 1)
        return layer.map { $0 / sum * Double(batch * shape.expertsPerToken) }
      }, importance: importance, errors: errors)
    let own = original.bytesPerDevice(shape: shape, devices: topology.devices.count)
    let limits = PlanningLimits(
      stagingBytes: own.map { $0 * 2 }, residentBytes: own, moveBytes: .max / 4,
      qualityBudget: qualitySpent(placement(.replicateAndQuantize, batch: batch)) * Self.qualityShare,
      precisions: Precision.allCases.filter {
        $0.rawValue >= shape.fullPrecision.rawValue && $0.rawValue <= lowPrecision.rawValue
      })
    let planner = Planner(
      shape: shape, topology: topology, cost: cost, split: .dispatch, passes: Planner.passes(searchRounds: 64))
    return planner.plan(from: original, for: estimate, within: limits).target
  }

  /// Of the quality that Replicate-and-Quantize spends, what the joint controller may spend.
  private static let qualityShare = 0.5

  /// Σ importance · relative error of the least layer, each expert's tokens shared evenly by its replicas.
  private func qualitySpent(_ placement: Placement) -> Double {
    let layers = placement.layers.enumerated().map { index, layer in
      layer.replicas.reduce(0.0) { sum, replica in
        let error = errors.error(
          layer: LayerID(index), expert: replica.expert, precision: replica.precision, full: shape.fullPrecision)
        let copies = Double(layer.replicas(of: replica.expert).count)
        return sum + importance[index][replica.expert.index] * error / copies
      }
    }
    return layers.min() ?? 0
  }
}

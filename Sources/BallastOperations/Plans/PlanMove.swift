public import BallastControl
import BallastRuntime

/// One change a plan makes, in words: what becomes of a replica, and why.
public struct PlanMove: Codable, Hashable, Sendable {
  /// The layer, from 0.
  public let layer: Int
  /// The expert.
  public let expert: Int
  /// What happens, with the devices and precisions.
  public let change: String
  /// The figures that made it worth while.
  public let reason: String

  /// The changes of `plan`, by layer and expert.
  ///
  /// - Parameters:
  ///   - plan: The plan.
  ///   - estimate: The loads it was made for.
  ///   - shares: `[layer][device]`: shares of the layer's time before the plan; an empty layer gives no figures.
  ///   - statuses: `[device]`: whether it takes part.
  /// - Returns: A line for each replica that changes.
  public static func moves(
    of plan: Plan, for estimate: LoadEstimate, shares: [[Double]], statuses: [DeviceStatus]
  ) -> [PlanMove] {
    plan.changes.flatMap { change -> [PlanMove] in
      let experts = Set((change.added + change.removed).map(\.expert)).sorted()
      let story = LayerStory(change, plan, estimate, shares[change.layer.index], statuses)
      return experts.flatMap { story.moves($0) }
    }
  }
}

/// What happens to the replicas of one layer.
private struct LayerStory {
  private let change: LayerChange
  private let before: LayerPlacement
  private let after: LayerPlacement
  private let tokens: [Double]
  private let shares: [Double]
  private let statuses: [DeviceStatus]

  init(_ change: LayerChange, _ plan: Plan, _ estimate: LoadEstimate, _ shares: [Double], _ statuses: [DeviceStatus]) {
    self.change = change
    before = plan.current[change.layer]
    after = plan.target[change.layer]
    tokens = estimate.tokensPerBatch[change.layer.index]
    self.shares = shares
    self.statuses = statuses
  }

  func moves(_ expert: ExpertID) -> [PlanMove] {
    var added = change.added.filter { $0.expert == expert }
    var removed = change.removed.filter { $0.expert == expert }
    var moves: [PlanMove] = []
    for replica in added {
      guard let old = removed.first(where: { $0.device == replica.device }) else { continue }
      let isLower = old.precision.rawValue < replica.precision.rawValue
      moves.append(
        move(
          expert, "\(old.precision) to \(replica.precision) on device \(replica.device)",
          isLower ? "frees bytes or time; \(load(expert))" : "restores quality; \(load(expert))"))
      added.removeAll { $0 == replica }
      removed.removeAll { $0 == old }
    }
    for replica in added {
      if let old = removed.first {
        removed.removeFirst()
        moves.append(move(expert, "device \(old.device) to \(replica.device)", why(old.device, expert)))
      } else {
        let copies = after.replicas(of: expert).count
        moves.append(
          move(expert, "copy on device \(replica.device)", "\(load(expert)), now over \(copies) copies"))
      }
    }
    for replica in removed {
      moves.append(
        move(
          expert, "dropped from device \(replica.device)",
          "\(load(expert)), and \(after.replicas(of: expert).count) left"))
    }
    return moves
  }

  private func move(_ expert: ExpertID, _ change: String, _ reason: String) -> PlanMove {
    PlanMove(layer: self.change.layer.index, expert: expert.index, change: change, reason: reason)
  }

  /// Why a replica left its device.
  private func why(_ device: DeviceID, _ expert: ExpertID) -> String {
    switch statuses[device.index] {
    case .lost: return "device \(device) is lost"
    case .draining: return "device \(device) is drained"
    case .serving: return "device \(device) had \(times(device)) the mean time; \(load(expert))"
    }
  }

  private func times(_ device: DeviceID) -> String {
    guard shares.indices.contains(device.index) else { return "about" }
    return fixed(shares[device.index] * Double(shares.count), 2) + " times"
  }

  private func load(_ expert: ExpertID) -> String {
    let total = tokens.reduce(0, +)
    return fixed(total > 0 ? tokens[expert.index] / total * 100 : 0, 1) + " % of the tokens"
  }
}

import BallastRuntime

/// One layer of a draft, looked at device by device: what makes it busy and what could be spared.
struct LayerSurvey {
  let layer: LayerID
  /// The scenario it is looked at under.
  let scenario: Int
  private let replicas: [Replica]
  private let forecast: LayerForecast
  private let importance: [Double]
  private let copies: [Int]

  /// Looks at the layer as one scenario's batch divides over it.
  init(_ layer: LayerID, _ draft: PlacementDraft, scenario: Int, forecast: LayerForecast) {
    self.layer = layer
    self.scenario = scenario
    self.forecast = forecast
    replicas = draft.placement[layer].replicas
    importance = draft.estimate.importance[layer.index]
    var copies = Array(repeating: 0, count: draft.shape.expertsPerLayer)
    for replica in replicas { copies[replica.expert.index] += 1 }
    self.copies = copies
  }

  /// The device that takes longest.
  var busiest: DeviceID {
    let times = forecast.deviceTimes
    return DeviceID(times.indices.max { (times[$0], $1) < (times[$1], $0) } ?? 0)
  }

  /// `changes` as proposals of this scenario.
  func proposals(_ changes: [LayerChange]) -> [Proposal] {
    changes.map { Proposal(change: $0, scenario: scenario) }
  }

  /// How much longer the busiest device takes than `device`.
  func gap(to device: DeviceID) -> Double { forecast.longest - forecast.deviceTimes[device.index] }

  /// Whether `device` has a replica of `expert`.
  func holds(_ expert: ExpertID, on device: DeviceID) -> Bool {
    replicas.contains { $0.expert == expert && $0.device == device }
  }

  /// Whether the expert would keep a replica without this one.
  func isSurplus(_ replica: Replica) -> Bool { copies[replica.expert.index] > 1 }

  /// The replicas of `device` that take longest, longest first.
  func heaviest(on device: DeviceID, count: Int) -> [Replica] {
    let here = indices(on: device).sorted {
      (forecast.replicaTimes[$1], $0) < (forecast.replicaTimes[$0], $1)
    }
    return here.prefix(count).map { replicas[$0] }
  }

  /// The devices with least to do that do not hold `expert`, least first.
  func idlest(lacking expert: ExpertID, count: Int) -> [DeviceID] {
    let holders = Set(replicas.filter { $0.expert == expert }.map(\.device))
    let times = forecast.deviceTimes
    let others = times.indices.filter { !holders.contains(DeviceID($0)) }
    return others.sorted { (times[$0], $0) < (times[$1], $1) }.prefix(count).map { DeviceID($0) }
  }

  /// The replicas of `device`, those whose loss or demotion would be felt least first: by tokens times importance.
  func leastHarmful(on device: DeviceID) -> [Replica] {
    let harm = replicas.indices.map { forecast.replicaTokens[$0] * importance[replicas[$0].expert.index] }
    return indices(on: device).sorted { (harm[$0], $0) < (harm[$1], $1) }.map { replicas[$0] }
  }

  /// Tokens the replica meets.
  func tokens(of replica: Replica) -> Double {
    replicas.firstIndex(of: replica).map { forecast.replicaTokens[$0] } ?? 0
  }

  /// Tokens of all replicas of `expert`.
  func tokens(of expert: ExpertID) -> Double {
    replicas.indices.reduce(0) { $0 + (replicas[$1].expert == expert ? forecast.replicaTokens[$1] : 0) }
  }

  /// The replica that takes longest.
  var busiestReplica: Replica? {
    replicas.indices.max { (forecast.replicaTimes[$0], $1) < (forecast.replicaTimes[$1], $0) }.map { replicas[$0] }
  }

  /// Surplus replicas of `device`, those that meet the fewest tokens first.
  func surplus(on device: DeviceID) -> [Replica] {
    indices(on: device).filter { isSurplus(replicas[$0]) }.sorted {
      (forecast.replicaTokens[$0], $0) < (forecast.replicaTokens[$1], $1)
    }.map { replicas[$0] }
  }

  /// Replicas of `device` that could change places with `replica`, those that would best even the two devices first.
  func partners(of replica: Replica, on device: DeviceID, count: Int) -> [Replica] {
    guard let index = replicas.firstIndex(of: replica) else { return [] }
    let wanted = forecast.replicaTimes[index] - gap(to: device) / 2
    let holders = Set(replicas.filter { $0.device == replica.device }.map(\.expert))
    return indices(on: device).filter { !holders.contains(replicas[$0].expert) }.sorted {
      (abs(forecast.replicaTimes[$0] - wanted), $0) < (abs(forecast.replicaTimes[$1] - wanted), $1)
    }.prefix(count).map { replicas[$0] }
  }

  private func indices(on device: DeviceID) -> [Int] { replicas.indices.filter { replicas[$0].device == device } }
}

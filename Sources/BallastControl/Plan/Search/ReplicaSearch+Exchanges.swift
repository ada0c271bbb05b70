extension ReplicaSearch {
  // Algorithm: under a scenario, let S be the busiest device and every device its tokens could go to. At the optimum all
  // of S takes the longest time, and tokens of experts whose replicas are all in S are stuck there. Whatever
  // the division, the busiest device takes at least stuck tokens / speed of S. So an exchange gains at most what it takes off the
  // stuck tokens, over that speed. Of each pair of devices only the exchange with the highest bound is kept.

  /// The bottleneck of every scenario.
  struct Bottleneck {
    /// `[device]`: 1 where the device belongs to the scenario's bottleneck.
    var contains: [ScenarioVector]
    /// What a token less gains, in the judgement.
    var worth: ScenarioVector
    /// The most there is to gain.
    var most: ScenarioVector
    /// `[place]`: its expert's tokens, where all its other replicas are stuck.
    var stuckBut: [ScenarioVector]
    /// `[expert]`: its tokens, where all its replicas are stuck.
    var stuck: [ScenarioVector]
  }

  /// Exchanges worth trying, those that could gain most first.
  ///
  /// - Parameter price: What every replica that is staged must gain.
  /// - Returns: Of each pair of devices the best swap, of each surplus replica the best copy in its place.
  func exchanges(price: Float) -> [ReplicaExchange] {
    let bottleneck = bottleneck()
    var found: [ReplicaExchange] = []
    for one in 0..<devices {
      for other in (one + 1)..<max(devices, one + 1) {
        if let swap = bestSwap(one, other, bottleneck, price) { found.append(swap) }
      }
    }
    for place in expertAt.indices where copies[Int(expertAt[place])] > 1 && !isPinned[Int(expertAt[place])] {
      if let copy = bestCopy(place, bottleneck, price) { found.append(copy) }
    }
    return found.indices.sorted { (found[$1].bound, $0) < (found[$0].bound, $1) }.map { found[$0] }
  }

  /// The least gain that is not rounding.
  static var leastGain: Float { 1e-5 }

  private func bestSwap(_ one: Int, _ other: Int, _ bottleneck: Bottleneck, _ price: Float) -> ReplicaExchange? {
    let worth = bottleneck.worth * (bottleneck.contains[one] - bottleneck.contains[other])
    guard worth != .zero else { return nil }
    var best = Self.leastGain
    var places = (-1, -1)
    for place in one * self.places..<(one + 1) * self.places {
      let expert = Int(expertAt[place])
      guard placeOf[expert * devices + other] < 0, !isPinned[expert] else { continue }
      let stuck = bottleneck.stuckBut[place]
      for partner in other * self.places..<(other + 1) * self.places {
        let back = Int(expertAt[partner])
        guard placeOf[back * devices + one] < 0, !isPinned[back] else { continue }
        let bound = (worth * (stuck - bottleneck.stuckBut[partner])).atMost(bottleneck.most).total
        guard bound > best else { continue }
        let net = bound - price * swapCopies(expert, one, back, other)
        guard net > best else { continue }
        best = net
        places = (place, partner)
      }
    }
    guard places.0 >= 0 else { return nil }
    let expert = Int(expertAt[places.0])
    let back = Int(expertAt[places.1])
    return ReplicaExchange(
      first: ReplicaExchange.Half(place: places.0, expert: back),
      second: ReplicaExchange.Half(place: places.1, expert: expert), bound: best,
      price: price * swapCopies(expert, one, back, other))
  }

  /// The best copy that could take the place of a surplus replica.
  private func bestCopy(_ place: Int, _ bottleneck: Bottleneck, _ price: Float) -> ReplicaExchange? {
    let device = place / places
    let surplus = Int(expertAt[place])
    let worth = bottleneck.worth * (1 - bottleneck.contains[device])
    guard worth != .zero else { return nil }
    var best = Self.leastGain
    var copy = -1
    for expert in 0..<experts where placeOf[expert * devices + device] < 0 && !isPinned[expert] {
      let bound = (worth * (bottleneck.stuck[expert] - bottleneck.stuckBut[place])).atMost(bottleneck.most).total
      guard bound > best else { continue }
      let net = bound - price * (staged(expert, device) - staged(surplus, device))
      guard net > best else { continue }
      best = net
      copy = expert
    }
    guard copy >= 0 else { return nil }
    return ReplicaExchange(
      first: ReplicaExchange.Half(place: place, expert: copy), second: nil, bound: best,
      price: price * (staged(copy, device) - staged(surplus, device)))
  }

  private func swapCopies(_ expert: Int, _ one: Int, _ back: Int, _ other: Int) -> Float {
    staged(expert, other) + staged(back, one) - staged(expert, one) - staged(back, other)
  }

  private func staged(_ expert: Int, _ device: Int) -> Float { isKept[expert * devices + device] ? 0 : 1 }

  // MARK: The bottleneck

  func bottleneck() -> Bottleneck {
    let contains = stuckDevices()
    var judged = weight
    if tailShare > 0 {
      judged *= 1 - tailShare
      judged[tail(longest)] += tailShare
    }
    var speed = ScenarioVector.zero
    for device in 0..<devices { speed += contains[device] / pace[device] }
    var worth = ScenarioVector.zero
    worth.replace(with: judged / speed, where: speed .> 0)
    var bottleneck = Bottleneck(
      contains: contains, worth: worth, most: judged * (longest - 1).atLeast(.zero),
      stuckBut: Array(repeating: .zero, count: expertAt.count), stuck: load)
    for place in expertAt.indices {
      let expert = Int(expertAt[place])
      bottleneck.stuck[expert] *= contains[place / places]
      bottleneck.stuckBut[place] = load[expert]
      guard copies[expert] > 1 else { continue }
      for device in 0..<devices where device != place / places && placeOf[expert * devices + device] >= 0 {
        bottleneck.stuckBut[place] *= contains[device]
      }
    }
    return bottleneck
  }

  /// `[device]`: 1 where the scenario's busiest device could not give tokens to another, directly or by way of others.
  private func stuckDevices() -> [ScenarioVector] {
    var contains = Array(repeating: ScenarioVector.zero, count: devices)
    for scenario in 0..<Self.scenarioLimit where weight[scenario] > 0 {
      var busiest = 0
      for device in 0..<devices where times[device][scenario] > times[busiest][scenario] { busiest = device }
      contains[busiest][scenario] = 1
    }
    var grew = true
    while grew {
      grew = false
      forEachEdge { here, there, tokens in
        var reached = contains[here]
        reached.replace(with: 0, where: tokens .<= 1e-4)
        let joined = contains[there].atLeast(reached)
        if joined != contains[there] {
          contains[there] = joined
          grew = true
        }
      }
    }
    return contains
  }
}

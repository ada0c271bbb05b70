extension Division {
  // Algorithm: only items that share devices with the busiest one, directly or through others, can relieve it. They
  // are taken out and placed anew, largest first, so that no device exceeds a limit: whole on one replica, or one
  // replica filled to the limit and the rest on another. Bisection lowers the limit between the least the work
  // allows and what was reached. A limit no placement meets is given up; so is one for which the trials ran out.

  /// Divides all items around the busiest device together, as long as that shortens it.
  mutating func searchTogether(enough: Double, trials limit: Int) {
    var trials = limit
    while trials > 0, longest > enough, let count = gatherAroundLongest() {
      guard shorten(members: count, &trials) else { return }
    }
  }

  /// Lowers the busiest device by placing the members anew; false when it stays.
  private mutating func shorten(members count: Int, _ trials: inout Int) -> Bool {
    var high = longest
    let before = high
    for member in 0..<count { save(self.member(member)) }
    for member in 0..<count { take(self.member(member)) }
    var low = leastLongest(members: count)
    for _ in 0..<Self.bisections where high > low * 1.005 && trials > 0 {
      let limit = low < high * 0.98 ? (low + high) / 2 : low * 1.002
      if place(0, of: count, limit: limit, &trials) {
        high = longestAround
        for member in 0..<count { save(self.member(member)) }
        for member in 0..<count { take(self.member(member)) }
      } else {
        low = limit
      }
    }
    for member in 0..<count { putBack(self.member(member)) }
    return longest < before * (1 - 1e-9)
  }

  private static var bisections: Int { 8 }

  /// Places the members from one on within the limit; when it cannot, leaves them taken out.
  private mutating func place(_ member: Int, of count: Int, limit: Double, _ trials: inout Int) -> Bool {
    guard member < count else { return true }
    let item = self.member(member)
    let tokens = tokens(of: item)
    for filled in range(item) {
      let room = room(filled, limit: limit)
      guard room > 0 else { continue }
      trials -= 1
      if trials < 0 { return false }
      if room >= tokens {
        put(tokens, filled)
        if place(member + 1, of: count, limit: limit, &trials) { return true }
        take(item)
      }
      for rest in range(item) where rest != filled && room < tokens {
        guard self.room(rest, limit: limit) >= tokens - room else { continue }
        put(room, filled)
        put(tokens - room, rest)
        if place(member + 1, of: count, limit: limit, &trials) { return true }
        take(item)
      }
    }
    return range(item).count > 2 && placeOnMany(member, of: count, limit: limit, &trials)
  }

  /// Tries all replicas of a member together, as they fill up.
  private mutating func placeOnMany(_ member: Int, of count: Int, limit: Double, _ trials: inout Int) -> Bool {
    let item = self.member(member)
    pour(item, wholeTokens: wholeTokens)
    for piece in range(item) where time(of: piece) > limit * (1 + 1e-12) {
      take(item)
      return false
    }
    if place(member + 1, of: count, limit: limit, &trials) { return true }
    take(item)
    return false
  }

  /// Tokens a piece can take before its device exceeds the limit.
  private func room(_ piece: Int, limit: Double) -> Double {
    let time = limit * (1 + 1e-12) - entryTime(piece)
    guard time > 0 else { return 0 }
    let perToken = perToken(piece)
    guard perToken > 0 else { return .infinity }
    return wholeTokens ? Self.whole(time / perToken) : time / perToken
  }

  // MARK: Members

  /// Lists the items that share devices with the busiest one, directly or through others; nil when there are none.
  private func gatherAroundLongest() -> Int? {
    for device in 0..<deviceCount { mark(device, time(ofDevice: device) >= longest) }
    var found = 0
    var isGrowing = true
    while isGrowing {
      isGrowing = false
      found = 0
      for place in 0..<movableCount {
        let range = range(movable(place))
        guard range.contains(where: { isMarked(device($0)) }) else { continue }
        places[found] = movable(place)
        found += 1
        for piece in range where !isMarked(device(piece)) {
          mark(device(piece), true)
          isGrowing = true
        }
      }
    }
    return found > 0 ? found : nil
  }

  private func member(_ place: Int) -> Int { places[place] }

  private func mark(_ device: Int, _ isMarked: Bool) { places[itemCount + device] = isMarked ? 1 : 0 }

  private func isMarked(_ device: Int) -> Bool { places[itemCount + device] == 1 }

  /// The longest of the marked devices.
  private var longestAround: Double {
    var most = 0.0
    for device in 0..<deviceCount where isMarked(device) { most = max(most, time(ofDevice: device)) }
    return most
  }

  /// No placement of the members, which are taken out, can make the marked devices take less.
  private func leastLongest(members count: Int) -> Double {
    var sum = 0.0
    var devices = 0
    for device in 0..<deviceCount where isMarked(device) {
      sum += time(ofDevice: device)
      devices += 1
    }
    for member in 0..<count { sum += leastWork(of: self.member(member)) }
    return max(longestAround, sum / Double(max(devices, 1)))
  }
}

/// A split's memory in the hands of what solves it.
struct Division {
  /// A replica an item may use: the level at which water reaches it, and the tokens each further level takes.
  struct Candidate {
    let piece: Int
    let entry: Double
    let speed: Double
  }

  private let items: Lent<BatchSplit.Item>
  private let pieces: Lent<BatchSplit.Piece>
  private let deviceTimes: Lent<Double>
  private let movable: Lent<Int>
  let scratch: DivisionScratch.Loan
  /// Words that one call may use: one an item, then one a device.
  let places: Lent<Int>
  /// Whether pieces must be whole in the end.
  let wholeTokens: Bool
  /// Whether items may share a replica, which is activated once.
  let sharesReplicas: Bool
  /// Whether replicas are poured to levels in proportion to `scratch.weights`.
  var isWeighing = false
  private var candidateCount = 0

  /// A split's memory: items name pieces, pieces name replicas and devices, `movable` names items.
  init(
    items: Lent<BatchSplit.Item>, pieces: Lent<BatchSplit.Piece>, deviceTimes: Lent<Double>, movable: Lent<Int>,
    scratch: DivisionScratch.Loan, wholeTokens: Bool, sharesReplicas: Bool
  ) {
    self.items = items
    self.pieces = pieces
    self.deviceTimes = deviceTimes
    self.movable = movable
    self.scratch = scratch
    places = scratch.places
    self.wholeTokens = wholeTokens
    self.sharesReplicas = sharesReplicas
  }

  // MARK: What is there

  /// Nanoseconds of the busiest device.
  var longest: Double {
    var lanes = SIMD4<Double>(repeating: 0)
    var device = 0
    let count = deviceTimes.count
    while device + 4 <= count {
      let four = SIMD4(
        deviceTimes[device], deviceTimes[device + 1], deviceTimes[device + 2], deviceTimes[device + 3])
      lanes.replace(with: four, where: four .> lanes)
      device += 4
    }
    var most = lanes.max()
    while device < count {
      most = max(most, deviceTimes[device])
      device += 1
    }
    return most
  }

  /// Mean nanoseconds of the devices.
  var meanTime: Double {
    var sum = 0.0
    for device in 0..<deviceCount { sum += deviceTimes[device] }
    return sum / Double(max(deviceCount, 1))
  }

  var movableCount: Int { movable.count }
  var itemCount: Int { items.count }
  var pieceCount: Int { pieces.count }
  var deviceCount: Int { deviceTimes.count }

  /// The item at a place of the order in which items are divided.
  @inline(__always) func movable(_ place: Int) -> Int { movable[place] }
  @inline(__always) func tokens(of item: Int) -> Double { items[item].tokens }
  @inline(__always) func range(_ item: Int) -> Range<Int> { items[item].pieces }
  @inline(__always) func device(_ piece: Int) -> Int { pieces[piece].device }
  @inline(__always) func tokens(_ piece: Int) -> Double { pieces[piece].tokens }
  @inline(__always) func perToken(_ piece: Int) -> Double { pieces[piece].perToken }
  @inline(__always) func activation(_ piece: Int) -> Double { pieces[piece].activation }
  @inline(__always) func time(ofDevice device: Int) -> Double { deviceTimes[device] }
  /// Nanoseconds of the piece's device.
  @inline(__always) func time(of piece: Int) -> Double { deviceTimes[pieces[piece].device] }

  /// Puts the items with most tokens first, equal ones in the order they were added.
  func sortMovable() {
    for place in 1..<max(movableCount, 1) {
      let item = movable[place]
      let tokens = tokens(of: item)
      var hole = place
      while hole > 0, self.tokens(of: movable[hole - 1]) < tokens {
        movable[hole] = movable[hole - 1]
        hole -= 1
      }
      movable[hole] = item
    }
  }

  // MARK: Moving tokens

  @inline(__always)
  func put(_ tokens: Double, _ piece: Int) {
    guard tokens > 0 else { return }
    let replica = pieces[piece].replica
    var time = tokens * pieces[piece].perToken
    if scratch.replicaTokens[replica] <= 0 { time += pieces[piece].activation }
    scratch.replicaTokens[replica] += tokens
    pieces[piece].tokens += tokens
    deviceTimes[pieces[piece].device] += time
  }

  /// Takes tokens off a piece that has more, down to `tokens`, which is above 0.
  func lower(_ piece: Int, to tokens: Double) {
    let excess = pieces[piece].tokens - tokens
    scratch.replicaTokens[pieces[piece].replica] -= excess
    pieces[piece].tokens = tokens
    deviceTimes[pieces[piece].device] -= excess * pieces[piece].perToken
  }

  func take(_ item: Int) {
    for piece in range(item) where pieces[piece].tokens > 0 {
      let replica = pieces[piece].replica
      var time = pieces[piece].tokens * pieces[piece].perToken
      scratch.replicaTokens[replica] -= pieces[piece].tokens
      if scratch.replicaTokens[replica] <= 1e-9 {
        scratch.replicaTokens[replica] = 0
        time += pieces[piece].activation
      }
      pieces[piece].tokens = 0
      deviceTimes[pieces[piece].device] -= time
    }
  }

  func takeAll() {
    for place in 0..<movableCount { take(movable(place)) }
  }

  /// Gives the items without a choice their tokens.
  func putFixed() {
    for item in 0..<itemCount where range(item).count == 1 { put(tokens(of: item), range(item).lowerBound) }
  }

  /// Gives every piece of the items with a choice the same share, whatever its device has to do.
  func splitEvenly() {
    for place in 0..<movableCount {
      let item = movable(place)
      let count = Double(range(item).count)
      let share = tokens(of: item) / count
      let floor = Self.whole(share)
      var left = tokens(of: item) - floor * count
      for piece in range(item) {
        if wholeTokens {
          put(floor + min(left, 1), piece)
          left -= min(left, 1)
        } else {
          put(share, piece)
        }
      }
    }
  }

  /// Pours an item that was taken out back over the replicas `choice` allows, to the lowest common finish time.
  mutating func pour(_ item: Int, choice: ReplicaChoice = .all, wholeTokens: Bool = false) {
    sortCandidates(item, choice)
    var left = tokens(of: item)
    if candidateCount == 1 { return put(left, candidate(0).piece) }
    if wholeTokens, left <= 1 { return putSingly(left) }
    let level = fillLevel(left)
    for place in 0..<max(candidateCount - 1, 0) {
      let share = min(left, share(of: candidate(place), upTo: level))
      // Too little to tell from nothing: a replica that items share would seem idle while one of them has it.
      if share < 1e-6 { continue }
      if left - share < 1e-6 { return put(left, candidate(place).piece) }
      let amount = wholeTokens ? Self.whole(share + 1e-6) : share
      put(amount, candidate(place).piece)
      left -= amount
    }
    guard candidateCount > 0 else { return }
    let last = candidate(candidateCount - 1)
    guard wholeTokens, candidateCount > 1 else { return put(left, last.piece) }
    let amount = min(left, Self.whole(share(of: last, upTo: level) + 1e-6))
    put(amount, last.piece)
    putSingly(left - amount)
  }

  /// Rounds each item down, then gives its left-over tokens one by one to the replica that finishes first.
  mutating func roundToWholeTokens() {
    for place in 0..<movableCount {
      let item = movable(place)
      if isWhole(item) { continue }
      candidateCount = 0
      for piece in range(item) {
        scratch.candidates[candidateCount] = Candidate(piece: piece, entry: Self.whole(tokens(piece) + 1e-6), speed: 0)
        candidateCount += 1
      }
      take(item)
      var left = tokens(of: item)
      for place in 0..<candidateCount {
        put(candidate(place).entry, candidate(place).piece)
        left -= candidate(place).entry
      }
      putSingly(left)
    }
  }

  private func isWhole(_ item: Int) -> Bool {
    for piece in range(item) where Self.whole(tokens(piece)) != tokens(piece) { return false }
    return true
  }

  /// Hands tokens one by one to the candidate that finishes first.
  private func putSingly(_ tokens: Double) {
    var left = tokens
    while left >= 0.5 {
      var best = candidate(0).piece
      for place in 1..<max(candidateCount, 1) where finishTime(candidate(place).piece) < finishTime(best) {
        best = candidate(place).piece
      }
      put(1, best)
      left -= 1
    }
  }

  /// Keeps the candidates the water reaches and returns its level.
  private mutating func fillLevel(_ tokens: Double) -> Double {
    var speed = 0.0
    var weighted = 0.0
    var level = Double.infinity
    var used = 0
    while used < candidateCount {
      let (entry, tokensPerLevel) = (candidate(used).entry, candidate(used).speed)
      if entry >= level { break }
      used += 1
      guard tokensPerLevel < .infinity else {
        level = entry
        break
      }
      speed += tokensPerLevel
      weighted += entry * tokensPerLevel
      level = (tokens + weighted) / speed
    }
    candidateCount = used
    return level
  }

  private func share(of candidate: Candidate, upTo level: Double) -> Double {
    candidate.speed < .infinity ? max(0, (level - candidate.entry) * candidate.speed) : .infinity
  }

  /// The allowed replicas of an item, the one that could start first in front.
  private mutating func sortCandidates(_ item: Int, _ choice: ReplicaChoice) {
    var count = 0
    let range = range(item)
    for piece in range where choice.allows(piece - range.lowerBound) {
      var entry = entryTime(piece)
      var speed = pieces[piece].speed
      if isWeighing {
        entry /= scratch.weights[piece]
        speed *= scratch.weights[piece]
      }
      var place = count
      while place > 0, candidate(place - 1).entry > entry {
        scratch.candidates[place] = scratch.candidates[place - 1]
        place -= 1
      }
      scratch.candidates[place] = Candidate(piece: piece, entry: entry, speed: speed)
      count += 1
    }
    candidateCount = count
  }

  @inline(__always)
  private func candidate(_ place: Int) -> Candidate { scratch.candidates[place] }

  /// When the piece's device would start on it: its time so far, and the activation if the replica is not active yet.
  @inline(__always)
  func entryTime(_ piece: Int) -> Double {
    let isActive = scratch.replicaTokens[pieces[piece].replica] > 0
    return time(of: piece) + (isActive ? 0 : activation(piece))
  }

  private func finishTime(_ piece: Int) -> Double { entryTime(piece) + perToken(piece) }

  /// The whole part of a number that is not negative; 0 for what is no number.
  @inline(__always)
  static func whole(_ number: Double) -> Double {
    guard number < 0x1p52 else { return number >= 0x1p52 ? number : 0 }
    return number > 0 ? Double(Int64(number)) : 0
  }
}

/// Which of an item's replicas may be used.
enum ReplicaChoice {
  /// Every one.
  case all
  /// The ones whose bit is set; the positions from the fifth on share a bit.
  case some(UInt8)

  func allows(_ position: Int) -> Bool {
    switch self {
    case .all: true
    case .some(let bits): bits >> UInt8(min(position, 4)) & 1 == 1
    }
  }
}

// What an item or all of them had at an earlier moment.
extension Division {
  /// Notes what every piece has under the even split.
  func noteEven() { note(scratch.even) }

  /// Notes what every piece has now, as the solution to return to.
  func noteSolved() { note(scratch.solved) }

  func restoreEven() { restore(scratch.even) }

  func restoreSolved() { restore(scratch.solved) }

  /// Notes what one item has before a trial.
  func save(_ item: Int) {
    for piece in range(item) { scratch.saved[piece] = tokens(piece) }
  }

  /// Gives an item that was taken out what it had before a trial.
  func putBack(_ item: Int) {
    for piece in range(item) { put(scratch.saved[piece], piece) }
  }

  private func note(_ tokens: Lent<Double>) {
    for place in 0..<movableCount {
      for piece in range(movable(place)) { tokens[piece] = self.tokens(piece) }
    }
  }

  private func restore(_ tokens: Lent<Double>) {
    takeAll()
    for place in 0..<movableCount {
      for piece in range(movable(place)) { put(tokens[piece], piece) }
    }
  }
}

/// Divides each expert's tokens among its replicas so that the busiest device finishes as early as it can.
///
/// Minimises `max over devices of Σ ( activation + tokens · perToken )` for one layer of one batch. The lane
/// solves it in whole tokens for every batch; the planner solves it in fractions for placements it considers.
package struct BatchSplit: Sendable {
  // Algorithm: block-coordinate water filling. One expert at a time is taken out and poured back over its
  // replicas, lowest finish time first, until all replicas it uses finish together; that is the exact optimum for
  // this expert given the others, so the busiest device never gets busier. Without activation the sets of
  // reachable device loads form a polymatroid, on which such sweeps converge to the min-max optimum. The even
  // split is kept when the sweeps do not beat it.

  /// Tokens of one expert that accept the same replicas.
  package struct Item: Sendable {
    /// The expert they chose.
    package let expert: Int
    /// How many they are.
    package let tokens: Double
    /// Their pieces: `pieces[item.pieces]`.
    package var pieces: Range<Int>
  }

  /// Tokens of one item that meet one replica.
  package struct Piece: Sendable {
    /// The expert the replica is a copy of.
    package let expert: Int
    /// The replica, an index into the graph.
    package let replica: Int
    /// Where they are computed: the replica's device, or a borrower's.
    package var device: Int
    /// How many they are.
    package var tokens: Double
  }

  /// The demand, in the order it was added.
  package private(set) var items: [Item] = []
  /// The division: each item's pieces are contiguous.
  package var pieces: [Piece] = []
  /// Nanoseconds each device takes.
  package var deviceTimes: [Double] = []
  /// Tokens whose least precision no replica of their expert meets; they go to the most exact there is.
  package private(set) var unmetTokens = 0.0

  private var replicaTokens: [Double] = []
  /// Items with a choice of replicas; after `solve` the largest are first.
  private(set) var movable: [Int] = []
  /// What each piece has under the even split.
  private(set) var evenTokens: [Double] = []
  /// Scratch of `evenTies`: what each piece had before.
  var solvedTokens: [Double] = []
  /// Scratch of `saveActivations`: what pieces had before a trial.
  var savedTokens: [Double] = []
  /// Scratch of `borrow`.
  var spill = Spill()
  private var candidates: [Int] = []

  /// How long a solution may be sought.
  package enum Effort: Sendable {
    /// The first division found.
    case quick
    /// No longer than a small share of the time the batch will take: seeking must not cost what it could save.
    case worthwhile
    /// As long as something is found, within a bound.
    case full

    /// Trials of one item's division; each takes some tenths of a microsecond.
    func trials(longest: Double) -> Int {
      switch self {
      case .quick: 0
      case .worthwhile: Int(min(max(longest, 0) / 5000, 512))
      case .full: 512
      }
    }
  }

  /// A split of nothing.
  package init() {}

  /// Nanoseconds of the busiest device.
  package var longest: Double { deviceTimes.max() ?? 0 }

  /// Forgets the last batch and keeps its memory.
  package mutating func begin(_ graph: ReplicaGraph) {
    items.removeAll(keepingCapacity: true)
    pieces.removeAll(keepingCapacity: true)
    movable.removeAll(keepingCapacity: true)
    unmetTokens = 0
    deviceTimes.resize(to: graph.devices, with: 0)
    for device in deviceTimes.indices { deviceTimes[device] = 0 }
    replicaTokens.resize(to: graph.device.count, with: 0)
    for replica in replicaTokens.indices { replicaTokens[replica] = 0 }
  }

  /// Adds tokens of one expert that need at least `least`, or exactly `pinned`; experts in ascending order.
  package mutating func add(
    expert: Int, tokens: Double, least: Precision = .int4, pinned: Precision? = nil, graph: ReplicaGraph
  ) {
    let first = pieces.count
    let replicas = graph.replicas(of: expert)
    for replica in replicas {
      let precision = graph.precision[replica]
      guard pinned.map({ precision == $0 }) ?? precision.satisfies(least) else { continue }
      pieces.append(Piece(expert: expert, replica: replica, device: Int(graph.device[replica]), tokens: 0))
    }
    if pieces.count == first {
      unmetTokens += tokens
      var best = UInt8.max
      for replica in replicas { best = min(best, graph.precision[replica].rawValue) }
      for replica in replicas where graph.precision[replica].rawValue == best {
        pieces.append(Piece(expert: expert, replica: replica, device: Int(graph.device[replica]), tokens: 0))
      }
    }
    if pieces.count - first > 1 { movable.append(items.count) }
    items.append(Item(expert: expert, tokens: tokens, pieces: first..<pieces.count))
  }

  /// Divides what was added.
  ///
  /// - Parameters:
  ///   - graph: The replicas the items were added for.
  ///   - wholeTokens: Whether pieces must be whole; otherwise they are fractions.
  ///   - sweeps: Most passes over the experts that have a choice.
  ///   - tie: Share of the longest time below which differences are ties, broken toward even shares.
  ///   - effort: How long sets of replicas may be tried where activation costs.
  /// - Complexity: O(sweeps · pieces); allocates only beyond the largest batch seen.
  package mutating func solve(
    _ graph: ReplicaGraph, wholeTokens: Bool, sweeps: Int = 24, tie: Double = 0,
    effort: Effort = .full
  ) {
    splitEvenly(graph, wholeTokens: wholeTokens)
    guard !movable.isEmpty else { return }
    let even = longest
    evenTokens.removeAll(keepingCapacity: true)
    for piece in pieces { evenTokens.append(piece.tokens) }

    for item in movable { take(item, graph) }
    let floor = longest
    movable.sortInPlace { [items] one, other in
      items[one].tokens > items[other].tokens || (items[one].tokens == items[other].tokens && one < other)
    }
    for item in movable { pour(item, graph) }
    sweep(graph, sweeps: sweeps, floor: floor, wholeTokens: wholeTokens)
    if wholeTokens { roundToWholeTokens(graph) }
    let trials = effort.trials(longest: longest)
    if graph.hasActivation, trials > 0 {
      saveActivations(graph, wholeTokens: wholeTokens, floor: floor, trials: trials)
    }
    if longest >= even * (1 - 1e-9) { return restoreEvenSplit(graph) }
    guard tie > 0, graph.hasActivation else { return }
    evenTies(graph, limit: min(longest * (1 + tie), even), tie: tie, wholeTokens: wholeTokens, trials: trials)
  }

  /// Pours every item anew until that stops helping, or what has no choice is the longest.
  private mutating func sweep(_ graph: ReplicaGraph, sweeps: Int, floor: Double, wholeTokens: Bool) {
    var before = longest
    let target = max(floor, 0) * (1 + 1e-9)
    // Rounding to whole tokens moves the end by about a token, so a small part of one is not worth another sweep.
    let worthwhile = wholeTokens ? graph.shortestToken / 8 : 0
    for _ in 0..<sweeps where before > target {
      for item in movable {
        take(item, graph)
        pour(item, graph)
      }
      let after = longest
      if after > before * (1 - 1e-5) - worthwhile { break }
      before = after
    }
  }

  /// Says anew which pieces belong to an item, after pieces were inserted.
  mutating func setPieces(_ range: Range<Int>, of item: Int) { items[item].pieces = range }

  // MARK: Moving tokens

  /// Gives every piece of an item the same share, whatever its device has to do.
  package mutating func splitEvenly(_ graph: ReplicaGraph, wholeTokens: Bool) {
    for item in items {
      let share = item.tokens / Double(item.pieces.count)
      let floor = share.rounded(.down)
      var left = item.tokens - floor * Double(item.pieces.count)
      for piece in item.pieces {
        if wholeTokens {
          put(floor + min(left, 1), piece, graph)
          left -= min(left, 1)
        } else {
          put(share, piece, graph)
        }
      }
    }
  }

  private mutating func restoreEvenSplit(_ graph: ReplicaGraph) {
    for item in movable { take(item, graph) }
    for item in movable { restore(evenTokens, item, graph) }
  }

  /// Gives an item that was taken out the tokens `tokens` has for its pieces.
  mutating func restore(_ tokens: [Double], _ item: Int, _ graph: ReplicaGraph) {
    for piece in items[item].pieces { put(tokens[piece], piece, graph) }
  }

  mutating func put(_ tokens: Double, _ piece: Int, _ graph: ReplicaGraph) {
    guard tokens > 0 else { return }
    let replica = pieces[piece].replica
    var time = tokens * graph.perToken[replica]
    if replicaTokens[replica] <= 0 { time += graph.activation[replica] }
    replicaTokens[replica] += tokens
    pieces[piece].tokens += tokens
    deviceTimes[pieces[piece].device] += time
  }

  /// Takes tokens off a piece that has more, down to `tokens`, which is above 0.
  mutating func lower(_ piece: Int, to tokens: Double, _ graph: ReplicaGraph) {
    let replica = pieces[piece].replica
    let excess = pieces[piece].tokens - tokens
    replicaTokens[replica] -= excess
    pieces[piece].tokens = tokens
    deviceTimes[pieces[piece].device] -= excess * graph.perToken[replica]
  }

  mutating func take(_ item: Int, _ graph: ReplicaGraph) {
    for piece in items[item].pieces where pieces[piece].tokens > 0 {
      let replica = pieces[piece].replica
      var time = pieces[piece].tokens * graph.perToken[replica]
      replicaTokens[replica] -= pieces[piece].tokens
      if replicaTokens[replica] <= 1e-9 {
        replicaTokens[replica] = 0
        time += graph.activation[replica]
      }
      pieces[piece].tokens = 0
      deviceTimes[pieces[piece].device] -= time
    }
  }

  /// Pours an item that was taken out back over the replicas `choice` allows, to the lowest common finish time.
  mutating func pour(_ item: Int, _ graph: ReplicaGraph, choice: Choice = .all, wholeTokens: Bool = false) {
    sortCandidates(item, graph, choice)
    var left = items[item].tokens
    if candidates.count == 1 { return put(left, candidates[0], graph) }
    if wholeTokens, left <= 1 { return putSingly(left, graph) }
    let level = fillLevel(left, graph)
    for piece in candidates.dropLast() {
      let share = min(left, max(0, (level - entryTime(piece, graph)) / graph.perToken[pieces[piece].replica]))
      let whole = wholeTokens ? (share + 1e-6).rounded(.down) : share
      put(whole, piece, graph)
      left -= whole
    }
    guard let last = candidates.last else { return }
    guard wholeTokens, candidates.count > 1 else { return put(left, last, graph) }
    let share = max(0, (level - entryTime(last, graph)) / graph.perToken[pieces[last].replica])
    let whole = min(left, (share + 1e-6).rounded(.down))
    put(whole, last, graph)
    putSingly(left - whole, graph)
  }

  /// Hands tokens one by one to the candidate that finishes first.
  private mutating func putSingly(_ tokens: Double, _ graph: ReplicaGraph) {
    var left = tokens
    while left >= 0.5 {
      var best = candidates[0]
      for piece in candidates.dropFirst() where finishTime(piece, graph) < finishTime(best, graph) { best = piece }
      put(1, best, graph)
      left -= 1
    }
  }

  /// Keeps the candidates the water reaches and returns its level.
  private mutating func fillLevel(_ tokens: Double, _ graph: ReplicaGraph) -> Double {
    var speed = 0.0
    var weighted = 0.0
    var level = Double.infinity
    var used = 0
    for piece in candidates {
      let entry = entryTime(piece, graph)
      if entry >= level { break }
      let perToken = graph.perToken[pieces[piece].replica]
      used += 1
      guard perToken > 0 else { break }
      speed += 1 / perToken
      weighted += entry / perToken
      level = (tokens + weighted) / speed
    }
    while candidates.count > used { candidates.removeLast() }
    return level
  }

  /// The allowed replicas of an item, the one that could start first in front.
  private mutating func sortCandidates(_ item: Int, _ graph: ReplicaGraph, _ choice: Choice) {
    candidates.removeAll(keepingCapacity: true)
    let range = items[item].pieces
    for piece in range where choice.allows(piece - range.lowerBound) {
      let entry = entryTime(piece, graph)
      var place = candidates.count
      candidates.append(piece)
      while place > 0, entryTime(candidates[place - 1], graph) > entry {
        candidates[place] = candidates[place - 1]
        place -= 1
      }
      candidates[place] = piece
    }
  }

  /// When the piece's device would start on it: its time so far, and the activation if the replica is not active yet.
  private func entryTime(_ piece: Int, _ graph: ReplicaGraph) -> Double {
    let replica = pieces[piece].replica
    return deviceTimes[pieces[piece].device] + (replicaTokens[replica] > 0 ? 0 : graph.activation[replica])
  }

  /// Rounds each item down, then gives its left-over tokens one by one to the replica that finishes first.
  private mutating func roundToWholeTokens(_ graph: ReplicaGraph) {
    for item in movable { round(item, graph) }
  }

  private mutating func round(_ item: Int, _ graph: ReplicaGraph) {
    let range = items[item].pieces
    candidates.removeAll(keepingCapacity: true)
    for piece in range { candidates.append(Int((pieces[piece].tokens + 1e-6).rounded(.down))) }
    take(item, graph)
    var left = items[item].tokens
    for (offset, piece) in range.enumerated() {
      put(Double(candidates[offset]), piece, graph)
      left -= Double(candidates[offset])
      candidates[offset] = piece
    }
    putSingly(left, graph)
  }

  private func finishTime(_ piece: Int, _ graph: ReplicaGraph) -> Double {
    entryTime(piece, graph) + graph.perToken[pieces[piece].replica]
  }
}

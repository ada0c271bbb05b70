/// Divides each expert's tokens among its replicas so that the busiest device finishes as early as it can.
///
/// Minimises `max over devices of Σ ( activation + tokens · perToken )` for one layer of one batch. The lane
/// solves it in whole tokens for every batch; the planner solves it in fractions for placements it considers.
package struct BatchSplit: Sendable {
  // Algorithm: block-coordinate water filling. One expert at a time is taken out and poured back over its
  // replicas, lowest finish time first, until all replicas it uses finish together; that is the exact optimum for
  // this expert given the others, so the busiest device never gets busier. Without activation the sets of
  // reachable device loads form a polymatroid, on which such sweeps converge to the min-max optimum. With
  // activation a search over the sets of replicas follows. Every stage is skipped once the busiest device meets a
  // lower bound, and the even split is kept when nothing beats it.

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
    /// Nanoseconds to touch the replica at home.
    let activation: Double
    /// Nanoseconds a token at home.
    let perToken: Double
    /// Tokens a nanosecond at home; infinite when a token takes no time.
    let speed: Double

    /// A piece of nothing.
    init(
      expert: Int, replica: Int, device: Int, tokens: Double, activation: Double, perToken: Double
    ) {
      self.expert = expert
      self.replica = replica
      self.device = device
      self.tokens = tokens
      self.activation = activation
      self.perToken = perToken
      speed = 1 / perToken
    }

    /// 1 when there are any tokens, otherwise 0.
    @inline(__always)
    var isUsed: Int32 { tokens > 0 ? 1 : 0 }

    /// How many they are, once they are whole and fewer than 2³².
    @inline(__always)
    var wholeTokens: Int {
      // Added to 2⁵², a whole number stands in the lowest bits: no conversion to check.
      Int(truncatingIfNeeded: (tokens + 0x1p52).bitPattern & 0xffff_ffff)
    }
  }

  /// The demand, in the order it was added.
  package private(set) var items: [Item] = []
  /// The division: each item's pieces are contiguous.
  package var pieces: [Piece] = []
  /// Nanoseconds each device takes.
  package var deviceTimes: [Double] = []
  private var demand = DemandLayout()
  private var scratch = DivisionScratch()
  /// Scratch of `borrow`.
  var spill = Spill()

  /// How long a solution may be sought.
  package enum Effort: Sendable {
    /// The first division found.
    case quick
    /// No longer than a small share of the time the batch will take: seeking must not cost what it could save.
    case worthwhile
    /// As long as something is found, within a bound.
    case full

    /// Trials of one item's division; each takes some tens of nanoseconds.
    func trials(longest: Double) -> Int {
      switch self {
      case .quick: 0
      case .worthwhile: Int(min(max(longest, 0) / 1000, 4096)) + 16
      case .full: 4096
      }
    }
  }

  /// A split of nothing.
  package init() {}

  /// Tokens whose least precision no replica of their expert meets; they go to the most exact there is.
  package var unmetTokens: Double { demand.unmetTokens }

  /// Nanoseconds of the busiest device.
  package var longest: Double { deviceTimes.max() ?? 0 }

  /// Forgets the last batch and keeps its memory.
  package mutating func begin(_ graph: ReplicaGraph) {
    items.removeAll(keepingCapacity: true)
    pieces.removeAll(keepingCapacity: true)
    demand.begin()
    deviceTimes.resize(to: graph.devices, with: 0)
    deviceTimes.setAll(to: 0)
    scratch.begin(replicas: graph.device.count)
  }

  /// Adds tokens of one expert that need at least `least`, or exactly `pinned`; experts in ascending order.
  package mutating func add(
    expert: Int, tokens: Double, least: Precision = .int4, pinned: Precision? = nil, graph: ReplicaGraph
  ) {
    Self.append(to: &items, &pieces, mostItems: 1, mostPieces: graph.replicas(of: expert).count) { items, pieces in
      demand.add(
        Demand(expert: expert, tokens: tokens, least: least, pinned: pinned), graph, &items, &pieces)
    }
  }

  /// Adds everything a batch counted.
  mutating func add(_ load: borrowing BatchLoad, pinned: Precision?, graph: ReplicaGraph) {
    let classes = load.sharedLeast == nil ? Precision.allCases.count : 1
    Self.append(
      to: &items, &pieces, mostItems: classes * load.activeCount, mostPieces: classes * graph.device.count
    ) { items, pieces in
      if pinned == nil, load.sharedLeast == .int4 { return demand.addAll(load, graph, &items, &pieces) }
      load.forEachDemand { expert, least, tokens in
        demand.add(
          Demand(expert: expert, tokens: Double(tokens), least: least, pinned: pinned), graph, &items, &pieces)
      }
    }
  }

  // Arrays come one by one because lending room keeps the whole value it was taken from.
  @inline(__always)
  private static func append(
    to items: inout [Item], _ pieces: inout [Piece], mostItems: Int, mostPieces: Int,
    _ body: (inout OutputSpan<Item>, inout OutputSpan<Piece>) -> Void
  ) {
    items.append(addingCapacity: mostItems) { items in
      pieces.append(addingCapacity: mostPieces) { pieces in body(&items, &pieces) }
    }
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
    let hasActivation = graph.hasActivation
    let shortestToken = graph.shortestToken
    let openDevices = graph.openDevices.count
    let mixesCosts = graph.mixesCosts
    withDivision(wholeTokens: wholeTokens) { division in
      division.solve(
        sweeps: sweeps, tie: tie, effort: effort, hasActivation: hasActivation, shortestToken: shortestToken,
        openDevices: openDevices, mixesCosts: mixesCosts)
    }
  }

  /// Gives every piece of an item the same share, whatever its device has to do.
  package mutating func splitEvenly(_ graph: ReplicaGraph, wholeTokens: Bool) {
    withDivision(wholeTokens: wholeTokens) { division in
      division.putFixed()
      division.splitEvenly()
    }
  }

  /// Says anew which pieces belong to an item, after pieces were inserted.
  mutating func setPieces(_ range: Range<Int>, of item: Int) { items[item].pieces = range }

  private mutating func withDivision(wholeTokens: Bool, _ body: (inout Division) -> Void) {
    scratch.makeRoom(pieces: pieces.count, items: items.count, devices: deviceTimes.count)
    Self.divide(
      &pieces, &deviceTimes, &demand, &items, &scratch, wholeTokens: wholeTokens, body)
  }

  // Arrays come one by one because lending memory keeps the whole value it was taken from.
  private static func divide(
    _ pieces: inout [Piece], _ deviceTimes: inout [Double], _ demand: inout DemandLayout, _ items: inout [Item],
    _ scratch: inout DivisionScratch, wholeTokens: Bool, _ body: (inout Division) -> Void
  ) {
    let sharesReplicas = demand.sharesReplicas
    // Safety: the arrays stay in place, and are reached through the division alone, while `body` runs.
    unsafe pieces.withUnsafeMutableBufferPointer { pieces in
      unsafe deviceTimes.withUnsafeMutableBufferPointer { deviceTimes in
        unsafe demand.movable.withUnsafeMutableBufferPointer { movable in
          unsafe items.withUnsafeMutableBufferPointer { items in
            scratch.lend { scratch in
              var division = unsafe Division(
                items: Lent(items), pieces: Lent(pieces), deviceTimes: Lent(deviceTimes), movable: Lent(movable),
                scratch: scratch, wholeTokens: wholeTokens, sharesReplicas: sharesReplicas)
              body(&division)
            }
          }
        }
      }
    }
  }
}

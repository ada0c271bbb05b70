/// Tries every packing of a small layer that could be better than the best known.
struct ExactPacking: ~Copyable {
  // Algorithm: depth first over the devices. The heaviest expert with copies to place opens a device and lighter ones
  // join it; an expert met for the first time chooses there how many copies it has. A branch ends when a device would
  // carry as much as the best known, or so little that those left could not take the rest, which leaves the last to
  // join hardly any choice. Devices opened by the same expert stand in the order of those that join it.

  /// A device while experts join it.
  private struct Opening {
    let device: Int
    /// What this device must take, so that the others can take the rest.
    let need: Float
    /// What it and the devices after it must take.
    let total: Float
    /// The most a device before it carries.
    let heaviest: Float
  }

  let experts: Int
  let copies: Int
  let devices: Int
  let slots: Int
  /// `[rank]`: tokens, heaviest first.
  private let tokens: Row<Float>
  /// `[rank]`: what a copy carries, once their number is chosen.
  private let shares: Row<Float>
  /// `[copies]`: a copy's part.
  private let parts: Row<Float>
  /// `[device][slot]`: ranks.
  private let held: Row<Int32>
  /// The best found, in ranks.
  let best: Row<Int32>
  private(set) var most: Float = 0
  private(set) var isFound = false
  /// Whether nothing was left untried.
  private(set) var isExhausted = false
  private var steps = 0

  private static var mostCopies: Int { 16 }
  private static var mostSteps: Int { 20_000 }

  /// Whether the layer is small enough to be searched.
  var isWorthwhile: Bool { copies <= Self.mostCopies && slots > 1 }

  init(experts: Int, copies: Int, devices: Int) {
    self.experts = experts
    self.copies = copies
    self.devices = devices
    slots = copies / devices
    tokens = Row(repeating: 0, count: experts)
    shares = Row(repeating: 0, count: experts)
    parts = Row(repeating: 1, count: devices + 1)
    for count in 1...devices { parts[count] = 1 / Float(count) }
    held = Row(repeating: 0, count: copies)
    best = Row(repeating: 0, count: copies)
  }

  /// Looks for a packing whose heaviest device carries less than `most`.
  ///
  /// - Returns: Whether there is one; then it stands in `best`.
  mutating func search(_ loads: borrowing Row<Float>, _ order: borrowing Row<Int32>, below most: Float) -> Bool {
    for rank in 0..<experts { tokens[rank] = loads[Int(order[rank])] }
    self.most = most
    isFound = false
    steps = 0
    open(0, UnplacedCopies(copies, of: experts), total: Float(devices), heaviest: 0)
    isExhausted = steps < Self.mostSteps
    return isFound
  }

  /// Gives a device its first expert: the heaviest with copies to place.
  private mutating func open(_ device: Int, _ rest: UnplacedCopies, total: Float, heaviest: Float) {
    let first = (rest.unchosen | rest.waiting).trailingZeroBitCount
    // Less what rounding may hide.
    let need = total - Float(devices &- device &- 1) * most - 1e-5
    let opening = Opening(device: device, need: need, total: total, heaviest: heaviest)
    if rest.isWaiting(first) {
      let isTied = device > 0 && Int(held[(device &- 1) &* slots]) == first
      extend(opening, rest, slot: 0, UnplacedCopies.Joining(first, choosing: 0), sum: shares[first], isTied: isTied)
      return
    }
    for count in 1...min(rest.extra &+ 1, devices &- device) {
      let share = tokens[first] * parts[count]
      if share < most {
        extend(opening, rest, slot: 0, UnplacedCopies.Joining(first, choosing: count), sum: share, isTied: false)
      }
    }
  }

  /// Looks for what may stand beside an expert that takes a slot; `isTied` while the device is like the one before.
  @inline(__always)
  private mutating func extend(
    _ opening: Opening, _ rest: UnplacedCopies, slot: Int, _ joining: UnplacedCopies.Joining, sum: Float, isTied: Bool
  ) {
    if slot == slots &- 2 {
      let before = isTied ? Int(held[(opening.device &- 1) &* slots &+ slot &+ 1]) : 0
      finish(opening, rest, joining, from: max(joining.rank &+ 1, before), sum)
    } else {
      join(opening, rest, slot: slot, joining, sum: sum, isTied: isTied)
    }
  }

  /// Gives an expert a slot before the last but one, and tries every other in the next.
  @inline(never)
  private mutating func join(
    _ opening: Opening, _ rest: UnplacedCopies, slot: Int, _ joining: UnplacedCopies.Joining, sum: Float, isTied: Bool
  ) {
    let rest = place(joining, opening.device, slot, rest)
    steps &+= 1
    guard steps < Self.mostSteps else { return }
    let slot = slot &+ 1
    let before = isTied ? Int(held[(opening.device &- 1) &* slots &+ slot]) : -1
    let others = slots &- slot &- 1
    let open = Self.ranks(from: max(joining.rank &+ 1, before), to: experts &- others)
    let beside = Float(others)
    var waiting = rest.waiting & open
    while waiting != 0 {
      let rank = waiting.trailingZeroBitCount
      waiting &= waiting &- 1
      let reached = sum + shares[rank]
      guard reached < most, reached + beside * tokens[rank &+ 1] >= opening.need else { continue }
      extend(opening, rest, slot: slot, UnplacedCopies.Joining(rank, choosing: 0), sum: reached, isTied: rank == before)
    }
    var unchosen = rest.unchosen & open
    let limit = min(rest.extra &+ 1, devices &- opening.device)
    while unchosen != 0 {
      let rank = unchosen.trailingZeroBitCount
      unchosen &= unchosen &- 1
      let load = tokens[rank]
      // What stands beside it is no heavier.
      let least = opening.need - sum - beside * tokens[rank &+ 1]
      var count = 1
      while count <= limit {
        let share = load * parts[count]
        if share < least { break }
        if sum + share < most {
          extend(
            opening, rest, slot: slot, UnplacedCopies.Joining(rank, choosing: count), sum: sum + share,
            isTied: rank == before)
        }
        count &+= 1
      }
    }
  }

  /// Gives an expert a slot, where it chooses how many copies it has when it has none.
  private func place(_ joining: UnplacedCopies.Joining, _ device: Int, _ slot: Int, _ rest: UnplacedCopies)
    -> UnplacedCopies
  {
    held[device &* slots &+ slot] = Int32(truncatingIfNeeded: joining.rank)
    if joining.copies > 0 { shares[joining.rank] = tokens[joining.rank] * parts[joining.copies] }
    return rest.placing(joining)
  }

  /// Tries every expert from `start` on in the last slot, beside one that is placed only when one fits.
  @inline(__always)
  private mutating func finish(
    _ opening: Opening, _ rest: UnplacedCopies, _ joining: UnplacedCopies.Joining, from start: Int, _ sum: Float
  ) {
    let open = Self.ranks(from: start, to: experts)
    let least = opening.need - sum
    var waiting = rest.waiting & open
    while waiting != 0 {
      let rank = waiting.trailingZeroBitCount
      waiting &= waiting &- 1
      let share = shares[rank]
      if share >= least, sum + share < most {
        close(opening, rest, joining, UnplacedCopies.Joining(rank, choosing: 0), sum + share)
      }
    }
    var unchosen = rest.unchosen & open
    let limit = min(rest.extra &+ 1 &- max(0, joining.copies &- 1), devices &- opening.device)
    while unchosen != 0 {
      let rank = unchosen.trailingZeroBitCount
      unchosen &= unchosen &- 1
      let load = tokens[rank]
      if load < least { break }
      var count = 1
      while count <= limit {
        let share = load * parts[count]
        if share < least { break }
        if sum + share < most {
          close(opening, rest, joining, UnplacedCopies.Joining(rank, choosing: count), sum + share)
        }
        count &+= 1
      }
    }
  }

  /// A bit for each rank of a range.
  private static func ranks(from start: Int, to end: Int) -> UInt32 {
    (1 &<< UInt32(truncatingIfNeeded: end) &- 1) & .max &<< UInt32(truncatingIfNeeded: start)
  }

  /// Gives a device its last two experts, and goes on with the next device.
  @inline(never)
  private mutating func close(
    _ opening: Opening, _ rest: UnplacedCopies, _ joining: UnplacedCopies.Joining, _ last: UnplacedCopies.Joining,
    _ sum: Float
  ) {
    steps &+= 1
    guard steps < Self.mostSteps else { return }
    let joined = place(joining, opening.device, slots &- 2, rest)
    let rest = place(last, opening.device, slots &- 1, joined)
    let devices = devices &- opening.device &- 1
    guard rest.fits(devices) else { return }
    let heaviest = max(opening.heaviest, sum)
    if devices > 1 {
      open(opening.device &+ 1, rest, total: opening.total - sum, heaviest: heaviest)
    } else {
      closeLast(rest, heaviest)
    }
  }

  /// The last device, if there is one left, takes one copy of whatever is left.
  private mutating func closeLast(_ rest: UnplacedCopies, _ heaviest: Float) {
    var sum: Float = 0
    var place = copies &- slots
    var open = rest.unchosen | rest.waiting
    while open != 0 {
      let rank = open.trailingZeroBitCount
      open &= open &- 1
      held[place] = Int32(truncatingIfNeeded: rank)
      sum += rest.isWaiting(rank) ? shares[rank] : tokens[rank]
      place &+= 1
    }
    guard sum < most else { return }
    most = max(heaviest, sum)
    isFound = true
    for index in 0..<copies { best[index] = held[index] }
  }
}

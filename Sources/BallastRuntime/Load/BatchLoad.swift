/// One batch's tokens per expert, apart for tokens of different traits; a lane's scratch.
///
/// Counted once, it is both what is recorded and what a dispatch divides.
struct BatchLoad: ~Copyable, Sendable {
  // Algorithm: adding one to a word that was just added to waits until the last addition is stored. Long stretches
  // of tokens are therefore counted in several private histograms in turn, which are summed at the end.

  /// Tokens that share their traits.
  struct Group {
    /// What they share.
    let traits: TokenTraits
    /// How many they are.
    var tokens: Int
  }

  /// The groups, in the order they appear in the batch.
  private(set) var groups: [Group] = []
  /// Experts at least one token chose, ascending: the first `activeCount`.
  private(set) var active = Scratch<Int32>(filler: 0)
  private(set) var activeCount = 0
  /// Experts in the layer.
  private(set) var experts = 0
  /// Choices counted: all of tokens that take part.
  private(set) var assignments = 0
  /// Tokens, `[group][expert]`.
  private var counts = Scratch<UInt32>(filler: 0)
  /// Private histograms, all zero between stretches.
  private var turns = Scratch<UInt32>(filler: 0)

  private static var turnCount: Int { 8 }
  /// Words from one private histogram to the next: a constant, so that it is part of the instruction, and not a
  /// power of two, so that the same expert's words do not compete for the same place in the cache.
  private static var turnStride: Int { 528 }
  /// Below this many choices the private histograms cost more than they save.
  private static var leastStretch: Int { 1024 }

  init() { groups.reserveCapacity(4 * Precision.allCases.count) }

  /// Counts a batch.
  ///
  /// - Complexity: O(assignments + experts); allocates only beyond the largest batch seen.
  mutating func count(_ selection: borrowing SelectionSpan) {
    experts = selection.expertsPerLayer
    groups.removeAll(keepingCapacity: true)
    assignments = 0
    turns.makeRoom(Self.turnCount * Self.turnStride)
    if selection.isWhole, case .shared(let traits) = selection.traits {
      countStretch(0..<selection.tokenCount, traits, selection)
    } else {
      countStretches(selection)
    }
    findActive()
  }

  /// Tokens of a group that chose `expert`.
  @inline(__always)
  func tokens(_ group: Int, _ expert: Int) -> Int { Int(counts[group &* experts &+ expert]) }

  /// The least precision all tokens share; nil when they differ.
  var sharedLeast: Precision? {
    guard let first = groups.first?.traits.leastPrecision else { return .int4 }
    for group in groups where group.traits.leastPrecision != first { return nil }
    return first
  }

  /// Names every expert with tokens, ascending, and how many they are: apart for each least precision.
  @inline(__always)
  func forEachDemand(_ body: (_ expert: Int, _ least: Precision, _ tokens: Int) -> Void) {
    if groups.count == 1 {
      // Safety: active experts are below `experts`, for which the one row has words.
      for place in 0..<activeCount {
        let expert = unsafe Int(active.start[place])
        body(expert, groups[0].traits.leastPrecision, unsafe Int(counts.start[expert]))
      }
    } else {
      for place in 0..<activeCount { forEachLeast(Int(active[place]), body) }
    }
  }

  /// Names one expert with its tokens of each least precision.
  private func forEachLeast(_ expert: Int, _ body: (_ expert: Int, _ least: Precision, _ tokens: Int) -> Void) {
    for least in Precision.allCases {
      var tokens = 0
      for group in groups.indices where groups[group].traits.leastPrecision == least {
        tokens &+= self.tokens(group, expert)
      }
      if tokens > 0 { body(expert, least, tokens) }
    }
  }

  private mutating func countStretches(_ selection: borrowing SelectionSpan) {
    var first = 0
    while first < selection.tokenCount {
      let traits = selection.traits(of: first)
      let takesPart = selection.takesPart(first)
      var end = first + 1
      while end < selection.tokenCount, selection.takesPart(end) == takesPart, selection.traits(of: end) == traits {
        end += 1
      }
      if takesPart { countStretch(first..<end, traits, selection) }
      first = end
    }
  }

  private mutating func countStretch(
    _ tokens: Range<Int>, _ traits: TokenTraits, _ selection: borrowing SelectionSpan
  ) {
    guard !tokens.isEmpty else { return }
    let group = group(of: traits)
    groups[group].tokens += tokens.count
    let stretch =
      selection.assignments(of: tokens.lowerBound)
      .lowerBound..<selection.assignments(of: tokens.upperBound - 1)
      .upperBound
    assignments += stretch.count
    switch selection.width {
    case .one: count(UInt8.self, stretch, group, selection.experts)
    case .two: count(UInt16.self, stretch, group, selection.experts)
    case .four: count(UInt32.self, stretch, group, selection.experts)
    case .eight: count(UInt64.self, stretch, group, selection.experts)
    }
  }

  /// The group of tokens with these traits; there are at most as many as there are traits.
  private mutating func group(of traits: TokenTraits) -> Int {
    for group in groups.indices where groups[group].traits == traits { return group }
    groups.append(Group(traits: traits, tokens: 0))
    growCounts()
    let first = (groups.count - 1) * experts
    // Safety: the row was made room for.
    unsafe (counts.start + first).update(repeating: 0, count: experts)
    return groups.count - 1
  }

  /// Makes room for every group there can be, once: growing keeps no counts.
  private mutating func growCounts() {
    counts.makeRoom(2 * 2 * Precision.allCases.count * experts)
  }

  private mutating func count<ID: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _: ID.Type, _ stretch: Range<Int>, _ group: Int, _ ids: RawSpan
  ) {
    // Safety: a selection's experts were checked to be below `experts`, which the row has words for; the private
    // histograms are used only when they have as many.
    let row = unsafe counts.start + group &* experts
    var next = stretch.lowerBound
    if stretch.count >= Self.leastStretch, experts <= Self.turnStride {
      let turns = unsafe turns.start
      while next &+ Self.turnCount <= stretch.upperBound {
        for turn in 0..<Self.turnCount {
          let expert = Int(truncatingIfNeeded: ids.id(at: next &+ turn) as ID)
          unsafe turns[expert &+ turn &* Self.turnStride] &+= 1
        }
        next &+= Self.turnCount
      }
      unsafe Self.collect(turns, into: row, experts)
    }
    while next < stretch.upperBound {
      unsafe row[Int(truncatingIfNeeded: ids.id(at: next) as ID)] &+= 1
      next &+= 1
    }
  }

  /// Adds the private histograms to a row and sets them to 0.
  // Safety: the caller's row and every histogram have a word for every expert.
  private static func collect(
    _ turns: UnsafeMutablePointer<UInt32>, into row: UnsafeMutablePointer<UInt32>, _ experts: Int
  ) {
    for turn in 0..<turnCount {
      let words = unsafe turns + turn * turnStride
      for expert in 0..<experts {
        unsafe row[expert] &+= words[expert]
        unsafe words[expert] = 0
      }
    }
  }

  /// 1 for every count but 0, which gives 0: without a branch, since nobody foresees which experts a batch chose.
  @inline(__always)
  private static func one(ifAny count: UInt32) -> Int {
    Int(truncatingIfNeeded: (UInt64(count) &+ UInt64(UInt32.max)) >> 32)
  }

  private mutating func findActive() {
    active.makeRoom(experts + 1)
    activeCount = 0
    guard !groups.isEmpty else { return }
    // Safety: every group has a word for each expert; `active` has one more than there are experts.
    let active = unsafe active.start
    let counts = unsafe counts.start
    var found = 0
    if groups.count == 1 {
      for expert in 0..<experts {
        unsafe active[found] = Int32(truncatingIfNeeded: expert)
        unsafe found &+= Self.one(ifAny: counts[expert])
      }
    } else {
      for expert in 0..<experts {
        unsafe active[found] = Int32(truncatingIfNeeded: expert)
        var any: UInt32 = 0
        for group in groups.indices { unsafe any |= counts[group &* experts &+ expert] }
        found &+= Self.one(ifAny: any)
      }
    }
    activeCount = found
  }
}

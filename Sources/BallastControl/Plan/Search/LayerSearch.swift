/// One layer's search as a series of steps, each of which pays.
struct LayerSearch {
  /// An exchange that was made: replicas that went and came, and what it gained.
  struct Step {
    /// `(expert, device)` that went.
    var removed: [(expert: Int, device: Int)]
    /// `(expert, device)` that came.
    var added: [(expert: Int, device: Int)]
    /// Of the layer's mean device time, the price taken off.
    let gain: Float
  }

  private var search: ReplicaSearch
  /// What was done, in order.
  private(set) var steps: [Step] = []

  /// Device imbalance below which nothing is worth looking for.
  private static let level: Float = 1.0005
  /// Exchanges that are tried in a round.
  private static let shortlist = 100
  /// Exchanges that gain less than this share of a round's best wait for the next round.
  private static let worthwhile: Float = 0.3
  /// What an exchange must still gain of what it promised, after others of its round were made.
  private static let kept: Float = 0.7

  init(_ search: ReplicaSearch) { self.search = search }

  /// Makes exchanges, the best first, until none gains more than `price` for every replica it stages.
  mutating func run(price: Float, rounds: Int) {
    for _ in 0..<rounds where search.score > Self.level {
      guard round(price) else { return }
    }
  }

  private mutating func round(_ price: Float) -> Bool {
    var best = ReplicaSearch.leastGain
    var promising: [(gain: Float, exchange: ReplicaExchange)] = []
    for exchange in search.exchanges(price: price).prefix(Self.shortlist) {
      guard exchange.bound > best * Self.worthwhile else { break }
      let gain = search.gain(of: exchange)
      guard gain > ReplicaSearch.leastGain else { continue }
      promising.append((gain, exchange))
      best = max(best, gain)
    }
    let order = promising.indices.sorted { (promising[$1].gain, $0) < (promising[$0].gain, $1) }
    var done = 0
    for (gain, exchange) in order.map({ promising[$0] }) {
      guard gain >= best * Self.worthwhile else { break }
      var still = gain
      if done > 0 {
        guard search.isPossible(exchange) else { continue }
        still = search.gain(of: exchange)
        guard still >= max(gain * Self.kept, best * Self.worthwhile) else { continue }
      }
      make(exchange, still)
      done += 1
    }
    return done > 0
  }

  private mutating func make(_ exchange: ReplicaExchange, _ gain: Float) {
    var step = Step(removed: [], added: [], gain: gain)
    for half in [exchange.first, exchange.second].compactMap({ $0 }) {
      let device = half.place / search.places
      step.removed.append((Int(search.expertAt[half.place]), device))
      step.added.append((half.expert, device))
    }
    search.make(exchange)
    steps.append(step)
  }
}

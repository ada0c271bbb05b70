/// A graph like those of citations, made from a seed: a stochastic block model with features that depend on the class.
///
/// Half of the nodes are clear: their features tell their class, but they cite across all classes. The other half are
/// vague: their features tell little, but nine in ten of what they cite is of their class.
struct CitationGraph {
  static let nodes = 3000
  static let classes = 7
  static let features = 16
  /// Citations that every node draws.
  private static let citations = 3

  /// `[node]`.
  let labels: [Int]
  /// `[node]`: who it is linked to, in both directions.
  let neighbours: [[Int]]
  /// `[node][feature]`.
  let own: [Float]
  /// `[node][feature]`: half as much again as the mean over a node and its neighbours, taken twice.
  let gathered: [Float]

  init(seed: UInt64) {
    var draws = Draws(seed: seed)
    let labels = (0..<Self.nodes).map { _ in draws.below(Self.classes) }
    let isClear = (0..<Self.nodes).map { _ in draws.below(2) == 0 }
    let prototypes = (0..<Self.classes * Self.features).map { _ in draws.deviate() }
    own = (0..<Self.nodes).flatMap { node in
      (0..<Self.features).map { feature in
        prototypes[labels[node] * Self.features + feature] * (isClear[node] ? 1 : 0.3) + draws.deviate()
      }
    }
    let members = (0..<Self.classes).map { label in labels.indices.filter { labels[$0] == label } }
    var neighbours = [[Int]](repeating: [], count: Self.nodes)
    for node in labels.indices {
      for _ in 0..<Self.citations {
        let isOfClass = draws.fraction() < (isClear[node] ? 0.1 : 0.9)
        let group = members[isOfClass ? labels[node] : draws.below(Self.classes)]
        let other = group[draws.below(group.count)]
        guard other != node else { continue }
        neighbours[node].append(other)
        neighbours[other].append(node)
      }
    }
    self.labels = labels
    self.neighbours = neighbours
    gathered = Self.gather(Self.gather(own, neighbours), neighbours)
  }

  /// Links, each counted once.
  var links: Int { neighbours.reduce(0) { $0 + $1.count } / 2 }

  /// Share of links between nodes of one class.
  var homophily: Double {
    let ends = neighbours.enumerated().reduce(0) { sum, entry in
      sum + entry.element.count { labels[$0] == labels[entry.offset] }
    }
    return Double(ends) / Double(2 * links)
  }

  private static func gather(_ values: [Float], _ neighbours: [[Int]]) -> [Float] {
    var means = values
    for (node, others) in neighbours.enumerated() {
      for feature in 0..<features {
        let sum = others.reduce(values[node * features + feature]) { $0 + values[$1 * features + feature] }
        means[node * features + feature] = 1.5 * sum / Float(others.count + 1)
      }
    }
    return means
  }
}

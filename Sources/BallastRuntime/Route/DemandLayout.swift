/// Tokens of one expert that accept the same replicas, before they are laid out as an item of a split.
struct Demand {
  let expert: Int
  let tokens: Double
  let least: Precision
  let pinned: Precision?

  /// Whether they may meet any replica.
  @inline(__always)
  var acceptsAny: Bool { pinned == nil && least == .int4 }

  /// Whether they may meet a replica of this precision.
  @inline(__always)
  func accepts(_ precision: Precision) -> Bool {
    guard let pinned else { return precision.satisfies(least) }
    return precision == pinned
  }
}

/// Lays a batch's demand out as items and their pieces.
struct DemandLayout: Sendable {
  /// Items with a choice of replicas; once a split is solved the largest are first.
  var movable: [Int] = []
  /// Tokens whose least precision no replica of their expert meets; they go to the most exact there is.
  private(set) var unmetTokens = 0.0
  /// Whether an expert was added more than once, so that items may share a replica.
  private(set) var sharesReplicas = false
  private var lastExpert: Int?
  private var items = 0
  private var pieces = 0

  /// Forgets the last batch and keeps its memory.
  mutating func begin() {
    movable.removeAll(keepingCapacity: true)
    unmetTokens = 0
    sharesReplicas = false
    lastExpert = nil
    items = 0
    pieces = 0
  }

  /// Adds everything of a batch that may meet any replica: an item each expert, with a piece for each of its replicas.
  @inline(__always)
  mutating func addAll(
    _ load: borrowing BatchLoad, _ graph: ReplicaGraph, _ items: inout OutputSpan<BatchSplit.Item>,
    _ output: inout OutputSpan<BatchSplit.Piece>
  ) {
    movable.append(addingCapacity: load.activeCount) { movable in
      var first = 0
      load.forEachDemand { expert, _, tokens in
        let replicas = graph.replicas(of: expert)
        for replica in replicas { output.append(graph.pieces[replica]) }
        if replicas.count > 1 { movable.append(items.count) }
        let end = first &+ replicas.count
        items.append(BatchSplit.Item(expert: expert, tokens: Double(tokens), pieces: first..<end))
        first = end
      }
    }
  }

  /// Adds an item with a piece for each replica its tokens accept, or for the most exact ones when they accept none.
  @inline(__always)
  mutating func add(
    _ demand: Demand, _ graph: ReplicaGraph, _ items: inout OutputSpan<BatchSplit.Item>,
    _ output: inout OutputSpan<BatchSplit.Piece>
  ) {
    let first = pieces
    let replicas = graph.replicas(of: demand.expert)
    if demand.acceptsAny {
      for replica in replicas { output.append(graph.pieces[replica]) }
      pieces += replicas.count
    } else {
      for replica in replicas where demand.accepts(graph.precision[replica]) { append(replica, graph, &output) }
    }
    if pieces == first { addMostExact(demand, graph, &output) }
    if pieces - first > 1 { movable.append(self.items) }
    if lastExpert == demand.expert { sharesReplicas = true }
    lastExpert = demand.expert
    self.items += 1
    items.append(BatchSplit.Item(expert: demand.expert, tokens: demand.tokens, pieces: first..<pieces))
  }

  private mutating func addMostExact(
    _ demand: Demand, _ graph: ReplicaGraph, _ output: inout OutputSpan<BatchSplit.Piece>
  ) {
    unmetTokens += demand.tokens
    let replicas = graph.replicas(of: demand.expert)
    var best = UInt8.max
    for replica in replicas { best = min(best, graph.precision[replica].rawValue) }
    for replica in replicas where graph.precision[replica].rawValue == best {
      append(replica, graph, &output)
    }
  }

  private mutating func append(
    _ replica: Int, _ graph: ReplicaGraph, _ output: inout OutputSpan<BatchSplit.Piece>
  ) {
    output.append(graph.pieces[replica])
    pieces += 1
  }
}

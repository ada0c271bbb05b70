/// Resolves selections to dispatches; a lane's scratch memory.
package struct Dispatcher: Sendable {
  private var split = BatchSplit()
  private var demand: [Int32] = []
  private var itemOf: [Int32] = []
  private var next: [Int32] = []
  private var order: [Int32] = []
  private var starts: [Int32] = []
  private var firstEntry: [Int32] = []

  /// Scratch that grows to the largest batch it sees.
  package init() {}

  /// Chooses replicas for every assignment of `selection` and groups them.
  ///
  /// - Complexity: O(assignments + sweeps · replicas); allocates only beyond the largest batch seen.
  package mutating func dispatch(
    _ selection: borrowing Selection, layer: LayerID, table: RoutingTable, into dispatch: inout Dispatch
  ) {
    let graph = table.graphs[layer.index]
    count(selection)
    divide(graph, table)
    orderPieces(graph)
    emitRuns(graph, table.handles[layer.index], &dispatch)
    emitEntries(selection, &dispatch)
    dispatch.deviceTimes.removeAll(keepingCapacity: true)
    dispatch.deviceTimes.append(contentsOf: split.deviceTimes)
    dispatch.unmetAssignments = Int(split.unmetTokens)
  }

  private static let classes = Precision.allCases.count

  /// Tokens per expert and least precision.
  private mutating func count(_ selection: borrowing Selection) {
    demand.removeAll(keepingCapacity: true)
    for _ in 0..<selection.expertsPerLayer * Self.classes { demand.append(0) }
    for token in 0..<selection.tokenCount {
      let least = Int(selection.traits[token].leastPrecision.rawValue)
      for assignment in selection.assignments(of: token) {
        demand[Int(selection.experts[assignment]) * Self.classes + least] += 1
      }
    }
  }

  private mutating func divide(_ graph: ReplicaGraph, _ table: RoutingTable) {
    var pinned: Precision?
    if case .pinned(let precision) = table.policy { pinned = precision }
    split.begin(graph)
    itemOf.removeAll(keepingCapacity: true)
    for (index, tokens) in demand.enumerated() {
      itemOf.append(Int32(split.items.count))
      guard tokens > 0 else { continue }
      split.add(
        expert: index / Self.classes, tokens: Double(tokens),
        least: Precision.allCases[index % Self.classes], pinned: pinned, graph: graph)
    }
    split.solve(graph, wholeTokens: true)
    if case .borrowing(let limits) = table.policy {
      split.borrow(
        graph, limits: limits, bytesPerExpert: table.bytesPerExpert, cost: table.cost, topology: table.topology)
    }
  }

  /// Orders pieces by device; within a device they stay in the order of experts.
  private mutating func orderPieces(_ graph: ReplicaGraph) {
    starts.removeAll(keepingCapacity: true)
    for _ in 0...graph.devices { starts.append(0) }
    for piece in split.pieces where piece.tokens > 0 { starts[piece.device + 1] += 1 }
    for device in 0..<graph.devices { starts[device + 1] += starts[device] }
    order.removeAll(keepingCapacity: true)
    for _ in 0..<Int(starts[graph.devices]) { order.append(0) }
    for (index, piece) in split.pieces.enumerated() where piece.tokens > 0 {
      order[Int(starts[piece.device])] = Int32(index)
      starts[piece.device] += 1
    }
  }

  private mutating func emitRuns(_ graph: ReplicaGraph, _ handles: [UInt32], _ dispatch: inout Dispatch) {
    dispatch.runs.removeAll(keepingCapacity: true)
    dispatch.deviceRuns.removeAll(keepingCapacity: true)
    firstEntry.removeAll(keepingCapacity: true)
    for _ in split.pieces { firstEntry.append(0) }
    var entry = 0
    for index in order {
      let piece = split.pieces[Int(index)]
      while dispatch.deviceRuns.count <= piece.device { dispatch.deviceRuns.append(dispatch.runs.count) }
      firstEntry[Int(index)] = Int32(entry)
      let end = entry + Int(piece.tokens)
      let run = Dispatch.Run(
        expert: ExpertID(expert(of: piece.replica, graph)), precision: graph.precision[piece.replica],
        handle: handles[piece.replica], device: DeviceID(piece.device),
        home: DeviceID(Int(graph.device[piece.replica])), entries: entry..<end)
      if let last = dispatch.runs.last, last.handle == run.handle, last.device == run.device {
        dispatch.runs[dispatch.runs.count - 1] = last.extended(to: end)
      } else {
        dispatch.runs.append(run)
      }
      entry = end
    }
    while dispatch.deviceRuns.count <= graph.devices { dispatch.deviceRuns.append(dispatch.runs.count) }
  }

  private func expert(of replica: Int, _ graph: ReplicaGraph) -> Int {
    var low = 0
    var high = graph.first.count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if Int(graph.first[middle]) <= replica { low = middle } else { high = middle }
    }
    return low
  }

  /// Hands each item's tokens out to its pieces in token order.
  private mutating func emitEntries(_ selection: borrowing Selection, _ dispatch: inout Dispatch) {
    next.removeAll(keepingCapacity: true)
    for item in split.items { next.append(Int32(item.pieces.lowerBound)) }
    dispatch.rows.removeAll(keepingCapacity: true)
    dispatch.gates.removeAll(keepingCapacity: true)
    dispatch.entryOfAssignment.removeAll(keepingCapacity: true)
    dispatch.assignmentStarts.removeAll(keepingCapacity: true)
    for _ in 0..<selection.assignmentCount {
      dispatch.rows.append(0)
      dispatch.gates.append(0)
    }
    dispatch.assignmentStarts.append(0)
    for token in 0..<selection.tokenCount {
      let least = Int(selection.traits[token].leastPrecision.rawValue)
      for assignment in selection.assignments(of: token) {
        let item = Int(itemOf[Int(selection.experts[assignment]) * Self.classes + least])
        while split.pieces[Int(next[item])].tokens < 1 { next[item] += 1 }
        let piece = Int(next[item])
        let entry = Int(firstEntry[piece])
        firstEntry[piece] += 1
        split.pieces[piece].tokens -= 1
        dispatch.rows[entry] = Int32(token)
        dispatch.gates[entry] = selection.gates[assignment]
        dispatch.entryOfAssignment.append(Int32(entry))
      }
      dispatch.assignmentStarts.append(Int32(dispatch.entryOfAssignment.count))
    }
  }
}

extension Dispatch.Run {
  fileprivate func extended(to end: Int) -> Dispatch.Run {
    Dispatch.Run(
      expert: expert, precision: precision, handle: handle, device: device, home: home,
      entries: entries.lowerBound..<end)
  }
}

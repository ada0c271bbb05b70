/// Resolves selections to dispatches; a lane's scratch memory.
package struct Dispatcher: Sendable {
  /// The piece an item's next token belongs to.
  private struct Cursor {
    /// Tokens the piece still takes.
    var left: Int32
    /// The run it is part of.
    var run: Int32
  }

  private var split = BatchSplit()
  /// Tokens, `[expert][least precision]`.
  private var demand: [Int32] = []
  /// Where items stand, `[expert][least precision]`.
  private var cursors: [Cursor] = []
  /// The piece after the cursor's, `[expert][least precision]`.
  private var nextPiece: [Int32] = []
  private var order: [Int32] = []
  private var starts: [Int32] = []
  /// The run each piece is part of, `[piece]`.
  private var runOfPiece: [Int32] = []
  /// The entry the run's next token gets, `[run]`.
  private var nextEntry: [Int32] = []

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
    placeCursors()
    emitEntries(selection, &dispatch)
    dispatch.deviceTimes.removeAll(keepingCapacity: true)
    dispatch.deviceTimes.append(contentsOf: split.deviceTimes)
    dispatch.unmetAssignments = Int(split.unmetTokens)
  }

  private static var classes: Int { Precision.allCases.count }

  /// Tokens per expert and least precision.
  private mutating func count(_ selection: borrowing Selection) {
    demand.resize(to: selection.expertsPerLayer * Self.classes, with: 0)
    var demand = demand.mutableSpan
    for index in demand.indices { demand[index] = 0 }
    let experts = selection.experts.span
    let traits = selection.traits.span
    for token in traits.indices {
      let least = Int(traits[token].leastPrecision.rawValue)
      for assignment in selection.assignments(of: token) {
        // Safety: a selection's experts are below `expertsPerLayer`, which sized the demand.
        unsafe demand[unchecked: Int(experts[unchecked: assignment]) &* Self.classes &+ least] &+= 1
      }
    }
  }

  private mutating func divide(_ graph: ReplicaGraph, _ table: RoutingTable) {
    var pinned: Precision?
    if case .pinned(let precision) = table.policy { pinned = precision }
    split.begin(graph)
    for index in demand.indices where demand[index] > 0 {
      split.add(
        expert: index / Self.classes, tokens: Double(demand[index]),
        least: Precision(rawValue: UInt8(index % Self.classes)) ?? .int4, pinned: pinned, graph: graph)
    }
    split.solve(graph, wholeTokens: true, tie: BatchSplit.calibrationTie, effort: .worthwhile)
    if case .borrowing(let limits) = table.policy {
      split.borrow(
        graph, limits: limits, bytesPerExpert: table.bytesPerExpert, cost: table.cost, topology: table.topology)
    }
  }

  /// Orders pieces by device; within a device they stay in the order of experts.
  private mutating func orderPieces(_ graph: ReplicaGraph) {
    starts.resize(to: graph.devices + 1, with: 0)
    for device in starts.indices { starts[device] = 0 }
    for piece in split.pieces where piece.tokens > 0 { starts[piece.device + 1] += 1 }
    for device in 0..<graph.devices { starts[device + 1] += starts[device] }
    order.resize(to: Int(starts[graph.devices]), with: 0)
    for index in split.pieces.indices where split.pieces[index].tokens > 0 {
      let device = split.pieces[index].device
      order[Int(starts[device])] = Int32(index)
      starts[device] += 1
    }
  }

  private mutating func emitRuns(_ graph: ReplicaGraph, _ handles: [UInt32], _ dispatch: inout Dispatch) {
    dispatch.runs.removeAll(keepingCapacity: true)
    dispatch.deviceRuns.removeAll(keepingCapacity: true)
    nextEntry.removeAll(keepingCapacity: true)
    runOfPiece.resize(to: split.pieces.count, with: 0)
    var entry = 0
    for index in order {
      let piece = split.pieces[Int(index)]
      while dispatch.deviceRuns.count <= piece.device { dispatch.deviceRuns.append(dispatch.runs.count) }
      let end = entry + Int(piece.tokens)
      let run = Dispatch.Run(
        expert: ExpertID(piece.expert), precision: graph.precision[piece.replica],
        handle: handles[piece.replica], device: DeviceID(piece.device),
        home: DeviceID(Int(graph.device[piece.replica])), entries: entry..<end)
      if let last = dispatch.runs.last, last.handle == run.handle, last.device == run.device {
        dispatch.runs[dispatch.runs.count - 1] = last.extended(to: end)
      } else {
        dispatch.runs.append(run)
        nextEntry.append(Int32(entry))
      }
      runOfPiece[Int(index)] = Int32(dispatch.runs.count - 1)
      entry = end
    }
    while dispatch.deviceRuns.count <= graph.devices { dispatch.deviceRuns.append(dispatch.runs.count) }
  }

  /// Points each item at its first piece.
  private mutating func placeCursors() {
    cursors.resize(to: demand.count, with: Cursor(left: 0, run: 0))
    nextPiece.resize(to: demand.count, with: 0)
    var item = 0
    for index in demand.indices where demand[index] > 0 {
      cursors[index].left = 0
      nextPiece[index] = Int32(split.items[item].pieces.lowerBound)
      item += 1
    }
  }

  /// Hands each item's tokens out to its pieces in token order.
  private mutating func emitEntries(_ selection: borrowing Selection, _ dispatch: inout Dispatch) {
    dispatch.makeRoom(selection)
    Self.emit(
      selection, pieces: split.pieces, runOfPiece: runOfPiece, cursors: &cursors, nextPiece: &nextPiece,
      nextEntry: &nextEntry, rows: &dispatch.rows, gates: &dispatch.gates,
      entryOfAssignment: &dispatch.entryOfAssignment)
  }

  // Arrays come one by one because a span keeps the whole value it was taken from.
  private static func emit(
    _ selection: borrowing Selection, pieces: [BatchSplit.Piece], runOfPiece: [Int32],
    cursors: inout [Cursor], nextPiece: inout [Int32], nextEntry: inout [Int32], rows: inout [Int32],
    gates: inout [Float], entryOfAssignment: inout [Int32]
  ) {
    let experts = selection.experts.span
    let gateOfAssignment = selection.gates.span
    let traits = selection.traits.span
    let pieces = pieces.span
    let runOfPiece = runOfPiece.span
    var cursors = cursors.mutableSpan
    var nextPiece = nextPiece.mutableSpan
    var nextEntry = nextEntry.mutableSpan
    var rows = rows.mutableSpan
    var gates = gates.mutableSpan
    var entryOfAssignment = entryOfAssignment.mutableSpan
    for token in traits.indices {
      let least = Int(traits[token].leastPrecision.rawValue)
      for assignment in selection.assignments(of: token) {
        // Safety: a selection has as many experts and gates as assignments, each expert below `expertsPerLayer`,
        // which sized the cursors; `makeRoom` sized what assignments and entries index. Entries and runs are checked.
        let index = Int(unsafe experts[unchecked: assignment]) &* classes &+ least
        var cursor = unsafe cursors[unchecked: index]
        while cursor.left == 0 {
          let piece = Int(nextPiece[index])
          nextPiece[index] &+= 1
          cursor = Cursor(left: Int32(truncatingIfNeeded: Int(pieces[piece].tokens)), run: runOfPiece[piece])
        }
        cursor.left &-= 1
        unsafe cursors[unchecked: index] = cursor
        let entry = nextEntry[Int(cursor.run)]
        nextEntry[Int(cursor.run)] = entry &+ 1
        rows[Int(entry)] = Int32(truncatingIfNeeded: token)
        unsafe gates[unchecked: Int(entry)] = gateOfAssignment[unchecked: assignment]
        unsafe entryOfAssignment[unchecked: assignment] = entry
      }
    }
  }
}

extension Dispatch {
  /// Sizes the arrays that follow the selection; all but the starts are overwritten afterwards.
  fileprivate mutating func makeRoom(_ selection: borrowing Selection) {
    rows.resize(to: selection.assignmentCount, with: 0)
    gates.resize(to: selection.assignmentCount, with: 0)
    entryOfAssignment.resize(to: selection.assignmentCount, with: 0)
    assignmentStarts.resize(to: selection.tokenCount + 1, with: 0)
    for token in 0..<selection.tokenCount {
      assignmentStarts[token + 1] = Int32(selection.assignments(of: token).upperBound)
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

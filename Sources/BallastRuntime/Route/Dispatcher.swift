/// Resolves selections to dispatches; a lane's scratch memory.
package struct Dispatcher: ~Copyable, Sendable {
  /// The batch's tokens per expert, once counted.
  private(set) var load = BatchLoad()
  private var split = BatchSplit()
  private var cursors = RunCursors()
  /// Pieces by device, `[place]`.
  private var order = Scratch<Int32>(filler: 0)
  /// Where each device's pieces start in the order, `[device + 1]`.
  private var starts = Scratch<Int32>(filler: 0)
  /// Scratch that grows to the largest batch it sees.
  package init() {}

  /// Chooses replicas for every assignment of `selection` and groups them.
  ///
  /// - Complexity: O(assignments + experts + sweeps · replicas); allocates only beyond the largest batch seen.
  package mutating func dispatch(
    _ selection: borrowing Selection, layer: LayerID, table: RoutingTable, into dispatch: inout Dispatch
  ) {
    let span = selection.span
    count(span)
    route(span, layer: layer, table: table, into: &dispatch)
  }

  /// Counts a batch, which is the first half of dispatching it.
  package mutating func count(_ selection: borrowing SelectionSpan) { load.count(selection) }

  /// Chooses replicas for the batch that was counted last, and groups it.
  package mutating func route(
    _ selection: borrowing SelectionSpan, layer: LayerID, table: RoutingTable, into dispatch: inout Dispatch
  ) {
    let graph = table.graphs[layer.index]
    divide(graph, table)
    orderPieces(devices: graph.devices)
    emitRuns(table.runs[layer.index], devices: graph.devices, runs: &dispatch.runs, deviceRuns: &dispatch.deviceRuns)
    emitEntries(selection, &dispatch)
    dispatch.deviceTimes.removeAll(keepingCapacity: true)
    dispatch.deviceTimes.append(contentsOf: split.deviceTimes)
    dispatch.unmetAssignments = Int(split.unmetTokens)
  }

  private mutating func divide(_ graph: ReplicaGraph, _ table: RoutingTable) {
    var pinned: Precision?
    if case .pinned(let precision) = table.policy { pinned = precision }
    split.begin(graph)
    split.add(load, pinned: pinned, graph: graph)
    split.solve(graph, wholeTokens: true, tie: BatchSplit.calibrationTie, effort: .worthwhile)
    if case .borrowing(let limits) = table.policy {
      split.borrow(
        graph, limits: limits, bytesPerExpert: table.bytesPerExpert, cost: table.cost, topology: table.topology)
    }
  }

  /// Orders pieces by device; within a device they stay in the order of experts.
  private mutating func orderPieces(devices: Int) {
    let count = split.pieces.count
    starts.makeRoom(devices + 2)
    starts.clear(devices + 2)
    order.makeRoom(count + 1)
    let starts = starts.lend(devices + 2)
    let order = order.lend(count + 1)
    let pieces = split.pieces.span
    // After the second loop `starts[device + 1]` is where the device's pieces start, after the third where they end.
    // No branch tells pieces without tokens apart, since nobody foresees which they are.
    for index in 0..<count { starts[pieces[index].device &+ 2] &+= pieces[index].isUsed }
    for device in 0..<devices { starts[device &+ 2] &+= starts[device &+ 1] }
    for index in 0..<count {
      let device = pieces[index].device
      let isUsed = pieces[index].isUsed
      // A piece without tokens goes behind the end, where nobody looks.
      let place = count &+ Int(isUsed) &* (Int(starts[device &+ 1]) &- count)
      order[place] = Int32(truncatingIfNeeded: index)
      starts[device &+ 1] &+= isUsed
    }
  }

  private mutating func emitRuns(
    _ replicas: borrowing [Dispatch.Run], devices: Int, runs: inout [Dispatch.Run], deviceRuns: inout [Int]
  ) {
    let count = Int(starts[devices])
    cursors.begin(pieces: split.pieces.count)
    runs.removeAll(keepingCapacity: true)
    runs.append(addingCapacity: count) { runs in
      var entry = 0
      var last = (replica: -1, device: -1, entry: 0)
      for place in 0..<count {
        let index = Int(order[place])
        let piece = split.pieces[index]
        let end = entry &+ piece.wholeTokens
        if piece.replica == last.replica, piece.device == last.device {
          runs[runs.count &- 1] = replicas[piece.replica].with(last.entry..<end, on: piece.device)
        } else {
          last = (piece.replica, piece.device, entry)
          cursors.open(run: runs.count, entry: entry)
          runs.append(replicas[piece.replica].with(entry..<end, on: piece.device))
        }
        cursors.place(piece: index, run: runs.count &- 1, entry: entry)
        entry = end
      }
    }
    countRuns(runs, devices: devices, into: &deviceRuns)
  }

  private func countRuns(_ runs: borrowing [Dispatch.Run], devices: Int, into deviceRuns: inout [Int]) {
    deviceRuns.resize(to: devices + 1, with: 0)
    deviceRuns.setAll(to: 0)
    var counts = deviceRuns.mutableSpan
    for index in runs.indices { counts[runs[index].device.index &+ 1] &+= 1 }
    for device in 0..<devices { counts[device &+ 1] &+= counts[device] }
  }

  /// Hands each item's tokens out to its pieces in token order.
  private mutating func emitEntries(_ selection: borrowing SelectionSpan, _ dispatch: inout Dispatch) {
    dispatch.makeRoom(tokens: selection.tokenCount, entries: load.assignments, hasGates: selection.gates != nil)
    let sharesRuns = load.sharedLeast == nil
    cursors.point(experts: load.experts, sharesRuns: sharesRuns)
    var item = 0
    load.forEachDemand { expert, least, _ in
      cursors.point(expert: expert, least: least, atPiece: split.items[item].pieces.lowerBound, of: split.pieces)
      item += 1
    }
    cursors.emit(selection, pieces: split.pieces, &dispatch)
  }
}

extension Dispatch {
  /// Sizes the arrays that follow the selection; all their elements are overwritten afterwards.
  fileprivate mutating func makeRoom(tokens: Int, entries: Int, hasGates: Bool) {
    rows.resize(to: entries, with: 0)
    gates.resize(to: hasGates ? entries : 0, with: 0)
    entryOfAssignment.resize(to: entries, with: 0)
    assignmentStarts.resize(to: tokens + 1, with: 0)
  }
}

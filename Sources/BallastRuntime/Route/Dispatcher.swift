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
    starts.makeRoom(devices + 2)
    starts.clear(devices + 2)
    order.makeRoom(split.pieces.count)
    // After the second loop `starts[device + 1]` is where the device's pieces start, after the third where they end.
    for piece in split.pieces where piece.tokens > 0 { starts[piece.device + 2] += 1 }
    for device in 0..<devices { starts[device + 2] += starts[device + 1] }
    for index in split.pieces.indices where split.pieces[index].tokens > 0 {
      let device = split.pieces[index].device
      order[Int(starts[device + 1])] = Int32(index)
      starts[device + 1] += 1
    }
  }

  private mutating func emitRuns(
    _ replicas: borrowing [Dispatch.Run], devices: Int, runs: inout [Dispatch.Run], deviceRuns: inout [Int]
  ) {
    runs.removeAll(keepingCapacity: true)
    deviceRuns.removeAll(keepingCapacity: true)
    cursors.begin(pieces: split.pieces.count)
    deviceRuns.append(addingCapacity: devices + 1) { deviceRuns in
      runs.append(addingCapacity: Int(starts[devices])) { runs in
        var entry = 0
        for device in 0..<devices {
          deviceRuns.append(runs.count)
          for place in Int(starts[device])..<Int(starts[device + 1]) {
            let index = Int(order[place])
            let end = entry + split.pieces[index].wholeTokens
            emitRun(replicas[split.pieces[index].replica], entry..<end, on: device, &runs)
            cursors.place(piece: index, run: runs.count - 1, entry: entry)
            entry = end
          }
        }
        deviceRuns.append(runs.count)
      }
    }
  }

  /// Appends a run, or lengthens the last one when it is of the same replica on the same device.
  @inline(__always)
  private mutating func emitRun(
    _ replica: Dispatch.Run, _ entries: Range<Int>, on device: Int, _ runs: inout OutputSpan<Dispatch.Run>
  ) {
    let last = runs.count - 1
    if last >= 0, runs[last].handle == replica.handle, runs[last].device.index == device {
      runs[last] = runs[last].with(runs[last].entries.lowerBound..<entries.upperBound, on: device)
    } else {
      cursors.open(run: runs.count, entry: entries.lowerBound)
      runs.append(replica.with(entries, on: device))
    }
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

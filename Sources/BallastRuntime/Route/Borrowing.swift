extension BatchSplit {
  // Algorithm: least-loaded expert parallelism (arXiv 2601.17111). Pieces are visited in descending load; native
  // load that has not been visited yet is counted as pending, so a device does not promise room it will need
  // itself. What does not fit at home goes to the device with the least assigned and pending load, as much as has
  // room there, in chunks worth a matrix product; what fits nowhere goes to the least loaded device.

  /// Lets devices with room borrow replicas for this batch; call after `solve`.
  ///
  /// A chunk moves only when computing it at home would take longer than bringing the weights over the link and
  /// touching them there. Nothing moves while the busiest device is below the threshold.
  package mutating func borrow(
    _ graph: ReplicaGraph, limits: BorrowLimits, bytesPerExpert: PerPrecision<Int>, cost: CostModel, topology: Topology
  ) {
    let mean = deviceTimes.reduce(0, +) / Double(graph.devices)
    guard graph.devices > 1, mean > 0, longest >= limits.imbalanceThreshold * mean else { return }
    var spill = Spill(
      graph: graph, capacity: limits.capacityFactor * mean, limits: limits, bytesPerExpert: bytesPerExpert,
      cost: cost, topology: topology, pending: deviceTimes)
    let order = pieces.indices.filter { pieces[$0].tokens > 0 }.sorted {
      (pieces[$1].tokens, $0) < (pieces[$0].tokens, $1)
    }
    var loans: [[Piece]] = Array(repeating: [], count: pieces.count)
    for index in order { loans[index] = spill.place(&pieces[index]) }
    insert(loans)
    deviceTimes = spill.assigned
  }

  /// Puts each piece's loans behind it, so that an item's pieces stay contiguous.
  private mutating func insert(_ loans: [[Piece]]) {
    var merged: [Piece] = []
    var ranges: [Range<Int>] = []
    for item in items {
      let first = merged.count
      for piece in item.pieces {
        merged.append(pieces[piece])
        merged.append(contentsOf: loans[piece])
      }
      ranges.append(first..<merged.count)
    }
    pieces = merged
    setPieces(ranges)
  }
}

/// The devices' loads while pieces are placed one after another.
private struct Spill {
  let graph: ReplicaGraph
  let capacity: Double
  let limits: BorrowLimits
  let bytesPerExpert: PerPrecision<Int>
  let cost: CostModel
  let topology: Topology
  /// Native load of pieces not yet placed.
  var pending: [Double]
  /// Load of pieces placed.
  var assigned: [Double] = []

  init(
    graph: ReplicaGraph, capacity: Double, limits: BorrowLimits, bytesPerExpert: PerPrecision<Int>,
    cost: CostModel, topology: Topology, pending: [Double]
  ) {
    self.graph = graph
    self.capacity = capacity
    self.limits = limits
    self.bytesPerExpert = bytesPerExpert
    self.cost = cost
    self.topology = topology
    self.pending = pending
    assigned = Array(repeating: 0, count: graph.devices)
  }

  /// Keeps what fits at home and returns what other devices take.
  mutating func place(_ piece: inout BatchSplit.Piece) -> [BatchSplit.Piece] {
    let perToken = graph.perToken[piece.replica]
    let activation = graph.activation[piece.replica]
    let home = piece.device
    let native = activation + piece.tokens * perToken
    pending[home] -= native
    let room = capacity - assigned[home] - pending[home] - activation
    guard perToken > 0, piece.tokens * perToken > room else {
      assigned[home] += native
      return []
    }
    let kept = min(piece.tokens, max(0, (room / perToken).rounded(.down)))
    var left = piece.tokens - kept
    var loans: [BatchSplit.Piece] = []
    while left > 0 {
      guard let loan = bestLoan(of: piece, home: home, tokens: left) else { break }
      loans.append(loan.piece)
      assigned[loan.piece.device] += loan.time
      left -= loan.piece.tokens
    }
    piece.tokens = kept + left
    if piece.tokens > 0 { assigned[home] += activation + piece.tokens * perToken }
    return loans
  }

  /// The next chunk to lend and what it costs its borrower; nil when keeping the rest at home is no worse.
  private func bestLoan(
    of piece: BatchSplit.Piece, home: Int, tokens: Double
  ) -> (piece: BatchSplit.Piece, time: Double)? {
    let others = (0..<graph.devices).filter { $0 != home }.sorted {
      (assigned[$0] + pending[$0], $0) < (assigned[$1] + pending[$1], $1)
    }
    for device in others {
      let terms = terms(of: piece, home: home, on: device)
      let room = ((capacity - assigned[device] - pending[device] - terms.fixed) / terms.perToken).rounded(.down)
      let chunk = min(tokens, room)
      guard chunk > 0, chunk >= Double(limits.minimumChunkTokens) || chunk == tokens else { continue }
      guard chunk * graph.perToken[piece.replica] > terms.fixed else { continue }
      return (loan(of: piece, to: device, tokens: chunk), terms.fixed + chunk * terms.perToken)
    }
    guard let device = others.first else { return nil }
    let terms = terms(of: piece, home: home, on: device)
    let there = assigned[device] + pending[device] + terms.fixed + tokens * terms.perToken
    let here = assigned[home] + pending[home] + tokens * graph.perToken[piece.replica]
    guard there < here else { return nil }
    return (loan(of: piece, to: device, tokens: tokens), terms.fixed + tokens * terms.perToken)
  }

  private func loan(of piece: BatchSplit.Piece, to device: Int, tokens: Double) -> BatchSplit.Piece {
    BatchSplit.Piece(expert: piece.expert, replica: piece.replica, device: device, tokens: tokens)
  }

  /// What borrowing the piece's replica costs on `device`: once, and for each token.
  private func terms(of piece: BatchSplit.Piece, home: Int, on device: Int) -> (fixed: Double, perToken: Double) {
    let speed = topology[DeviceID(device)].relativeSpeed
    let precision = graph.precision[piece.replica]
    let transfer = cost.transferNanoseconds(
      bytes: bytesPerExpert[precision], from: DeviceID(home), to: DeviceID(device), in: topology)
    return (transfer + cost.activationNanoseconds[precision] / speed, cost.perTokenNanoseconds[precision] / speed)
  }
}

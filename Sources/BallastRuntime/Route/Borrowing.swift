extension BatchSplit {
  // Algorithm: least-loaded expert parallelism (arXiv 2601.17111). Pieces are visited in descending load; native
  // load that has not been visited yet is counted as pending, so a device does not promise room it will need
  // itself. What does not fit at home goes to the device with the least assigned and pending load, as much as has
  // room there, in chunks worth a matrix product; what fits nowhere goes to the least loaded device.

  /// Lets devices with room borrow replicas for this batch; call after `solve`.
  ///
  /// A chunk moves only when computing it at home would take longer than bringing the weights over the link and
  /// touching them there. Nothing moves while the busiest device is below the threshold.
  ///
  /// - Complexity: O(pieces · (log pieces + devices)); allocates only beyond the largest batch seen.
  package mutating func borrow(
    _ graph: ReplicaGraph, limits: BorrowLimits, bytesPerExpert: PerPrecision<Int>, cost: CostModel, topology: Topology
  ) {
    var sum = 0.0
    for time in deviceTimes { sum += time }
    let mean = sum / Double(max(graph.openDevices.count, 1))
    guard graph.openDevices.count > 1, mean > 0, longest >= limits.imbalanceThreshold * mean else { return }
    let terms = BorrowTerms(
      graph: graph, capacity: limits.capacityFactor * mean, minimumChunk: Double(limits.minimumChunkTokens),
      bytesPerExpert: bytesPerExpert, cost: cost, topology: topology)
    spill.place(&pieces, deviceTimes: &deviceTimes, terms)
    insertLoans()
  }

  /// Puts each piece's loans behind it, so that an item's pieces stay contiguous.
  private mutating func insertLoans() {
    spill.merged.removeAll(keepingCapacity: true)
    for item in items.indices {
      let first = spill.merged.count
      for piece in items[item].pieces {
        spill.merged.append(pieces[piece])
        for loan in spill.loansOfPiece[piece] { spill.merged.append(spill.loans[loan]) }
      }
      setPieces(first..<spill.merged.count, of: item)
    }
    swap(&pieces, &spill.merged)
    // The next batch uses the two the other way around.
    spill.merged.reserveCapacity(pieces.capacity)
  }
}

/// What decides whether a piece is lent.
private struct BorrowTerms {
  let graph: ReplicaGraph
  /// Nanoseconds a device should not exceed.
  let capacity: Double
  let minimumChunk: Double
  let bytesPerExpert: PerPrecision<Int>
  let cost: CostModel
  let topology: Topology

  /// What borrowing the piece's replica costs on `device`: once, and for each token.
  func price(of piece: BatchSplit.Piece, on device: Int) -> (once: Double, perToken: Double) {
    let speed = topology[DeviceID(device)].relativeSpeed
    let precision = graph.precision[piece.replica]
    // What is stored is fetched from where it is, not from the device it belongs to.
    let transfer =
      graph.residency(of: piece.replica) == .stored
      ? cost.fetchNanoseconds / speed
      : cost.transferNanoseconds(
        bytes: bytesPerExpert[precision], from: DeviceID(piece.device), to: DeviceID(device), in: topology)
    return (transfer + cost.activationNanoseconds[precision] / speed, cost.perTokenNanoseconds[precision] / speed)
  }
}

/// The devices' loads while pieces are placed one after another; scratch of a split.
struct Spill: Sendable {
  /// What devices borrow, each piece's loans together.
  private(set) var loans: [BatchSplit.Piece] = []
  /// Which of `loans` belong to each piece, `[piece]`.
  private(set) var loansOfPiece: [Range<Int>] = []
  /// The pieces with their loans between them.
  var merged: [BatchSplit.Piece] = []
  private var order: [Int] = []
  /// Native load of pieces not yet placed, `[device]`.
  private var pending: [Double] = []
  /// Load of pieces placed, `[device]`.
  private var assigned: [Double] = []

  /// Keeps of each piece what fits at home, lends the rest, and says what every device takes then.
  fileprivate mutating func place(
    _ pieces: inout [BatchSplit.Piece], deviceTimes: inout [Double], _ terms: BorrowTerms
  ) {
    assigned.resize(to: deviceTimes.count, with: 0)
    for device in assigned.indices { assigned[device] = 0 }
    swap(&pending, &deviceTimes)
    loans.removeAll(keepingCapacity: true)
    loansOfPiece.resize(to: pieces.count, with: 0..<0)
    order.removeAll(keepingCapacity: true)
    for piece in pieces.indices {
      loansOfPiece[piece] = 0..<0
      if pieces[piece].tokens > 0 { order.append(piece) }
    }
    order.sortInPlace { pieces[$0].tokens > pieces[$1].tokens || (pieces[$0].tokens == pieces[$1].tokens && $0 < $1) }
    for piece in order {
      let first = loans.count
      place(&pieces[piece], terms)
      loansOfPiece[piece] = first..<loans.count
    }
    deviceTimes.resize(to: assigned.count, with: 0)
    for device in assigned.indices { deviceTimes[device] = assigned[device] }
  }

  private mutating func place(_ piece: inout BatchSplit.Piece, _ terms: BorrowTerms) {
    let perToken = terms.graph.perToken[piece.replica]
    let activation = terms.graph.activation[piece.replica]
    let home = piece.device
    let native = activation + piece.tokens * perToken
    pending[home] -= native
    let room = terms.capacity - assigned[home] - pending[home] - activation
    guard perToken > 0, piece.tokens * perToken > room else {
      assigned[home] += native
      return
    }
    let kept = min(piece.tokens, max(0, (room / perToken).rounded(.down)))
    var left = piece.tokens - kept
    while left > 0 {
      let lent = lend(piece, tokens: left, terms)
      guard lent > 0 else { break }
      left -= lent
    }
    piece.tokens = kept + left
    if piece.tokens > 0 { assigned[home] += activation + piece.tokens * perToken }
  }

  /// Lends the next chunk of a piece; returns 0 when keeping the rest at home is no worse.
  private mutating func lend(_ piece: BatchSplit.Piece, tokens: Double, _ terms: BorrowTerms) -> Double {
    let perTokenAtHome = terms.graph.perToken[piece.replica]
    var best: (device: Int, chunk: Double)?
    var leastLoaded: Int?
    for device in terms.graph.openDevices where device != piece.device {
      if isLess(device, than: leastLoaded) { leastLoaded = device }
      guard isLess(device, than: best?.device) else { continue }
      let price = terms.price(of: piece, on: device)
      let chunk = min(tokens, ((terms.capacity - load(device) - price.once) / price.perToken).rounded(.down))
      guard chunk > 0, chunk >= terms.minimumChunk || chunk == tokens else { continue }
      if chunk * perTokenAtHome > price.once { best = (device, chunk) }
    }
    if let best { return lend(piece, tokens: best.chunk, to: best.device, terms) }
    guard let leastLoaded else { return 0 }
    let price = terms.price(of: piece, on: leastLoaded)
    let there = load(leastLoaded) + price.once + tokens * price.perToken
    guard there < load(piece.device) + tokens * perTokenAtHome else { return 0 }
    return lend(piece, tokens: tokens, to: leastLoaded, terms)
  }

  private mutating func lend(
    _ piece: BatchSplit.Piece, tokens: Double, to device: Int, _ terms: BorrowTerms
  ) -> Double {
    let price = terms.price(of: piece, on: device)
    assigned[device] += price.once + tokens * price.perToken
    loans.append(
      BatchSplit.Piece(
        expert: piece.expert, replica: piece.replica, device: device, tokens: tokens, activation: piece.activation,
        perToken: piece.perToken))
    return tokens
  }

  private func load(_ device: Int) -> Double { assigned[device] + pending[device] }

  private func isLess(_ device: Int, than other: Int?) -> Bool { other.map { load(device) < load($0) } ?? true }
}

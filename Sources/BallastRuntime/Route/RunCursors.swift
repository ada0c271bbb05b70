/// Hands tokens out to the runs they belong to, in token order; a dispatcher's scratch.
struct RunCursors: ~Copyable, Sendable {
  // Algorithm: one pass over the choices. An expert's cursor names the entry its next token gets; when a piece is
  // full it moves on to the next piece of the item. Where tokens of one expert differ in their least precision,
  // several items may fill one run, and the cursor names the run instead, which knows its next entry.

  /// Where the next token of an expert goes.
  private struct Cursor: BitwiseCopyable {
    /// The entry it gets, or the run that knows.
    var place: Int32 = 0
    /// Tokens the piece still takes.
    var left: Int32 = 0
  }

  /// `[least precision][expert]`, or `[expert]` when runs are not shared.
  private var cursors = Scratch<Cursor>(filler: Cursor())
  /// The piece after the cursor's, likewise.
  private var following = Scratch<Int32>(filler: 0)
  /// `[piece]`: where its entries start.
  private var entryOfPiece = Scratch<Int32>(filler: 0)
  /// `[piece]`: the run it is part of.
  private var runOfPiece = Scratch<Int32>(filler: 0)
  /// `[run]`: the entry its next token gets.
  private var nextEntry = Scratch<Int32>(filler: 0)
  private var experts = 0
  private var sharesRuns = false

  init() {}

  /// Makes room for a batch's pieces.
  mutating func begin(pieces: Int) {
    entryOfPiece.makeRoom(pieces)
    runOfPiece.makeRoom(pieces)
    nextEntry.makeRoom(pieces)
  }

  /// Says where a run's entries start.
  mutating func open(run: Int, entry: Int) { nextEntry[run] = Int32(truncatingIfNeeded: entry) }

  /// Says where a piece's entries start.
  mutating func place(piece: Int, run: Int, entry: Int) {
    entryOfPiece[piece] = Int32(truncatingIfNeeded: entry)
    runOfPiece[piece] = Int32(truncatingIfNeeded: run)
  }

  /// Makes room for the cursors of a layer.
  mutating func point(experts: Int, sharesRuns: Bool) {
    self.experts = experts
    self.sharesRuns = sharesRuns
    let count = sharesRuns ? experts * Precision.allCases.count : experts
    cursors.makeRoom(count)
    following.makeRoom(count)
  }

  /// Points the tokens of an expert at the first of their pieces.
  @inline(__always)
  mutating func point(
    expert: Int, least: Precision, atPiece piece: Int, of pieces: borrowing [BatchSplit.Piece]
  ) {
    let index = sharesRuns ? Int(least.rawValue) * experts + expert : expert
    following[index] = Int32(truncatingIfNeeded: piece)
    moveOn(index, pieces.span)
  }

  /// Writes the entry of every choice.
  mutating func emit(
    _ selection: borrowing SelectionSpan, pieces: borrowing [BatchSplit.Piece], _ dispatch: inout Dispatch
  ) {
    switch selection.width {
    case .one: emit(UInt8.self, selection, pieces, &dispatch)
    case .two: emit(UInt16.self, selection, pieces, &dispatch)
    case .four: emit(UInt32.self, selection, pieces, &dispatch)
    case .eight: emit(UInt64.self, selection, pieces, &dispatch)
    }
  }

  private mutating func emit<ID: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _: ID.Type, _ selection: borrowing SelectionSpan, _ pieces: borrowing [BatchSplit.Piece],
    _ dispatch: inout Dispatch
  ) {
    emit(
      ID.self, selection, pieces.span, rows: &dispatch.rows, gates: &dispatch.gates,
      entryOfAssignment: &dispatch.entryOfAssignment, starts: &dispatch.assignmentStarts)
  }

  // Arrays come one by one because a span keeps the whole value it was taken from.
  private mutating func emit<ID: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _: ID.Type, _ selection: borrowing SelectionSpan, _ pieces: Span<BatchSplit.Piece>, rows: inout [Int32],
    gates: inout [Float], entryOfAssignment: inout [Int32], starts: inout [Int32]
  ) {
    var rows = rows.mutableSpan
    var gates = gates.mutableSpan
    var entryOfAssignment = entryOfAssignment.mutableSpan
    var starts = starts.mutableSpan
    var position = 0
    starts[0] = 0
    for token in 0..<selection.tokenCount {
      if selection.takesPart(token) {
        let shift = sharesRuns ? Int(selection.traits(of: token).leastPrecision.rawValue) &* experts : 0
        for assignment in selection.assignments(of: token) {
          let index = Int(truncatingIfNeeded: selection.experts.id(at: assignment) as ID) &+ shift
          let entry = Int(takeEntry(index, pieces))
          // Safety: pieces take as many tokens as were counted, so entries and positions stay below that number,
          // for which `rows`, `gates` and `entryOfAssignment` have room; `starts` has one more than tokens.
          unsafe rows[unchecked: entry] = Int32(truncatingIfNeeded: token)
          if let weights = selection.gates { unsafe gates[unchecked: entry] = weights[unchecked: assignment] }
          unsafe entryOfAssignment[unchecked: position] = Int32(truncatingIfNeeded: entry)
          position &+= 1
        }
      }
      unsafe starts[unchecked: token &+ 1] = Int32(truncatingIfNeeded: position)
    }
  }

  /// The entry of the next token at a cursor.
  @inline(__always)
  private func takeEntry(_ index: Int, _ pieces: Span<BatchSplit.Piece>) -> Int32 {
    // Safety: a selection's experts are below `experts`, for which there are cursors, each pointed at the pieces of
    // its item; a cursor moves on only to pieces of the same item, which take all its tokens.
    let cursor = unsafe cursors.start + index
    if unsafe cursor.pointee.left == 0 { moveOn(index, pieces) }
    unsafe cursor.pointee.left &-= 1
    let place = unsafe cursor.pointee.place
    guard sharesRuns else {
      unsafe cursor.pointee.place = place &+ 1
      return place
    }
    let entry = unsafe nextEntry.start[Int(place)]
    unsafe nextEntry.start[Int(place)] = entry &+ 1
    return entry
  }

  /// Points a cursor at the next piece of its item that takes tokens.
  @inline(__always)
  private func moveOn(_ index: Int, _ pieces: Span<BatchSplit.Piece>) {
    var piece = Int(following[index])
    while pieces[piece].tokens < 1 { piece += 1 }
    let place = sharesRuns ? runOfPiece[piece] : entryOfPiece[piece]
    // Safety: `following` checked the index, and has as many places.
    unsafe cursors.start[index] = Cursor(place: place, left: Int32(truncatingIfNeeded: pieces[piece].wholeTokens))
    unsafe following.start[index] = Int32(truncatingIfNeeded: piece + 1)
  }
}

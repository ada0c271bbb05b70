/// A selection resolved to replicas: for each device, runs of token rows that meet one replica.
///
/// An *entry* is one token meeting one replica. Entries are grouped by device, then by replica, then in token
/// order, as a grouped matrix product or an all-to-all consumes them.
public struct Dispatch: Sendable {
  /// Consecutive entries that meet one replica on one device.
  public struct Run: Hashable, Sendable {
    /// The expert of all its entries.
    public let expert: ExpertID
    /// The replica's precision.
    public let precision: Precision
    /// Where the weights are.
    public let residency: Residency
    /// The executor's handle of the weights.
    public let handle: UInt32
    /// Where the run is computed.
    public let device: DeviceID
    /// Where the weights live; another device when they are borrowed.
    public let home: DeviceID
    /// Its entries.
    public let entries: Range<Int>

    /// The same replica with these entries, computed on `device`.
    func with(_ entries: Range<Int>, on device: Int) -> Run {
      Run(
        expert: expert, precision: precision, residency: residency, handle: handle, device: DeviceID(device),
        home: home, entries: entries)
    }
  }

  /// The runs, ascending by device, then expert.
  public internal(set) var runs: [Run] = []
  /// `[device + 1]`: the runs of a device are `runs[deviceRuns[device]..<deviceRuns[device + 1]]`.
  public internal(set) var deviceRuns: [Int] = []
  /// `[entry]`: the token row.
  public internal(set) var rows: [Int32] = []
  /// `[entry]`: the gate weight; empty when the selection came without.
  public internal(set) var gates: [Float] = []
  /// `[assignment]`: the entry that serves each choice, choices in the selection's order.
  ///
  /// Choices of tokens that take no part are left out. This is the permutation that gathers outputs back to tokens;
  /// `writeAssignments` gives its inverse.
  public internal(set) var entryOfAssignment: [Int32] = []
  /// `[token + 1]`: a token's choices are `assignmentStarts[token]..<assignmentStarts[token + 1]`.
  ///
  /// A token that takes no part has none.
  public internal(set) var assignmentStarts: [Int32] = []
  /// `[device]`: nanoseconds by the cost law.
  public internal(set) var deviceTimes: [Double] = []
  /// Choices whose least precision no replica of their expert meets; they use the most exact there is.
  public internal(set) var unmetAssignments = 0
  /// `[device]`: entries sent there.
  public var deviceEntries: [Int] {
    (0..<max(0, deviceRuns.count - 1)).map { device in
      runs[deviceRuns[device]..<deviceRuns[device + 1]].reduce(0) { $0 + $1.entries.count }
    }
  }

  /// Writes `[entry]`: the choice each entry serves, the inverse of `entryOfAssignment`.
  ///
  /// - Parameter output: Its first `rows.count` elements are written.
  /// - Throws: `ExecutionError.wrongLength` when it has fewer; nothing is written then.
  /// - Complexity: O(entries); no allocation.
  public func writeAssignments(into output: inout MutableSpan<Int32>) throws(ExecutionError) {
    guard output.count >= rows.count else {
      throw .wrongLength(name: "output", count: output.count, expected: rows.count)
    }
    for (assignment, entry) in entryOfAssignment.enumerated() {
      output[Int(entry)] = Int32(truncatingIfNeeded: assignment)
    }
  }

  /// Token rows in the batch.
  public var tokenCount: Int { max(0, assignmentStarts.count - 1) }

  /// A dispatch of nothing.
  public init() {}

  /// The runs computed on `device`.
  public func runs(on device: DeviceID) -> ArraySlice<Run> {
    runs[deviceRuns[device.index]..<deviceRuns[device.index + 1]]
  }

  /// How unevenly this batch falls, as a sum of one batch.
  ///
  /// - Parameters:
  ///   - expertTokens: Scratch of one word an expert of the layer; left at 0.
  ///   - openDevices: Devices that may get tokens; the others are not counted.
  /// - Returns: Sums over this batch alone; all 0 when it is empty.
  func imbalance(_ expertTokens: inout [Int], openDevices: Int) -> ImbalanceTotals {
    var totals = ImbalanceTotals()
    let mean = deviceTimes.reduce(0, +) / Double(max(openDevices, 1))
    guard !rows.isEmpty, mean > 0 else { return totals }
    var busiestReplica = 0
    for run in runs {
      busiestReplica = max(busiestReplica, run.entries.count)
      expertTokens[run.expert.index] += run.entries.count
    }
    var busiestExpert = 0
    for run in runs {
      busiestExpert = max(busiestExpert, expertTokens[run.expert.index])
      expertTokens[run.expert.index] = 0
    }
    let share = Double(expertTokens.count) / Double(rows.count)
    totals.batches = 1
    totals.expert = share * Double(busiestExpert)
    totals.replica = share * Double(busiestReplica)
    totals.device = (deviceTimes.max() ?? 0) / mean
    return totals
  }
}

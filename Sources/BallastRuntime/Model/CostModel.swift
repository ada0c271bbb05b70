/// The coefficients of the one cost law: what a device's share of a batch takes.
///
/// For a device in one layer of one batch,
///
///     time = Σ over its active replicas of ( activation + tokens · perToken ) / relativeSpeed
///
/// where touching a stored replica also takes fetching it, and the layer takes the longest of its devices. An executor measures these by `calibrate`; the
/// simulator is given them.
public struct CostModel: Hashable, Sendable {
  /// What touching a replica costs however few tokens it gets, in nanoseconds: its bytes over memory bandwidth, plus launch.
  public var activationNanoseconds: PerPrecision<Double>
  /// The arithmetic of one token, in nanoseconds.
  public var perTokenNanoseconds: PerPrecision<Double>
  /// What bringing in the weights of a stored replica adds to touching it, in nanoseconds.
  public var fetchNanoseconds: Double
  /// Bytes a second between devices of one node.
  public var linkBytesPerSecond: Double
  /// Bytes a second between nodes.
  public var nodeLinkBytesPerSecond: Double

  /// States the coefficients; every one must be finite and not negative, and link speeds above 0.
  public init(
    activationNanoseconds: PerPrecision<Double>, perTokenNanoseconds: PerPrecision<Double>,
    fetchNanoseconds: Double = 0, linkBytesPerSecond: Double, nodeLinkBytesPerSecond: Double
  ) {
    self.activationNanoseconds = activationNanoseconds
    self.perTokenNanoseconds = perTokenNanoseconds
    self.fetchNanoseconds = fetchNanoseconds
    self.linkBytesPerSecond = linkBytesPerSecond
    self.nodeLinkBytesPerSecond = nodeLinkBytesPerSecond
  }

  /// Cost in tokens: no activation, one nanosecond a token at any precision, links free of charge.
  ///
  /// Under it, device imbalance is imbalance of tokens, as the field reports it.
  public static let tokens = CostModel(
    activationNanoseconds: PerPrecision(repeating: 0), perTokenNanoseconds: PerPrecision(repeating: 1),
    linkBytesPerSecond: .infinity, nodeLinkBytesPerSecond: .infinity)

  /// Nanoseconds of touching the replica on a device of speed 1.
  public func activationNanoseconds(of replica: Replica) -> Double {
    activationNanoseconds[replica.precision] + (replica.residency == .stored ? fetchNanoseconds : 0)
  }

  /// Nanoseconds to bring `bytes` from one device to another.
  public func transferNanoseconds(
    bytes: Int, from source: DeviceID, to target: DeviceID, in topology: Topology
  ) -> Double {
    let speed = topology[source].node == topology[target].node ? linkBytesPerSecond : nodeLinkBytesPerSecond
    return Double(bytes) / speed * 1e9
  }
}

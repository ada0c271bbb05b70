/// An index into one named space; indices of different spaces do not mix.
///
/// `LayerID`, `RoundID`, `ExpertID`, `DeviceID` and `NodeID` conform. An index says nothing about whether the
/// space is that large: `ModelShape` and `Topology` do.
public protocol SpaceIndex: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The position in the space, from 0.
  var index: Int { get }

  /// Names the member at `index`.
  init(_ index: Int)
}

extension SpaceIndex {
  /// Orders by position.
  public static func < (left: Self, right: Self) -> Bool { left.index < right.index }

  /// The bare position, as messages and reports print it.
  public var description: String { String(index) }
}

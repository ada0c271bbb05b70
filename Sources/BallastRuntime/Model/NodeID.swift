/// One node, a group of devices that share a fast link.
public struct NodeID: SpaceIndex {
  /// The position in the space, from 0.
  public let index: Int

  /// Names the member at `index`.
  public init(_ index: Int) { self.index = index }
}

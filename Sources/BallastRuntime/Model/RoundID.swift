/// One turn a layer takes over its experts, with a router of its own; an ordinary layer takes one, a chained layer several.
public struct RoundID: SpaceIndex {
  /// The position in the space, from 0.
  public let index: Int

  /// Names the member at `index`.
  public init(_ index: Int) { self.index = index }

  /// The only round of an ordinary layer.
  public static let first = RoundID(0)
}

/// One expert of a layer, numbered as the model numbers it.
public struct ExpertID: SpaceIndex {
  /// The position in the space, from 0.
  public let index: Int

  /// Names the member at `index`.
  public init(_ index: Int) { self.index = index }
}

/// One MoE layer of the model, counted from the first layer that has experts.
public struct LayerID: SpaceIndex {
  /// The position in the space, from 0.
  public let index: Int

  /// Names the member at `index`.
  public init(_ index: Int) { self.index = index }
}

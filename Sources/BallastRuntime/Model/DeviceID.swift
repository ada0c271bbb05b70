/// One device of the topology.
public struct DeviceID: SpaceIndex {
  /// The position in the space, from 0.
  public let index: Int

  /// Names the member at `index`.
  public init(_ index: Int) { self.index = index }
}

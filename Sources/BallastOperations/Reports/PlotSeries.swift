/// One named line of a plot.
public struct PlotSeries: Hashable, Sendable {
  /// What the legend calls it.
  public var name: String
  /// Where the points stand from left to right; as many as `y`.
  public var x: [Double]
  /// The value at each; one that is not finite breaks the line.
  public var y: [Double]

  /// A line through points; what has no partner is left out.
  public init(_ name: String, x: [Double], y: [Double]) {
    self.name = name
    self.x = x
    self.y = y
  }

  /// A line through values one apart, the first at 0.
  public init(_ name: String, _ y: [Double]) {
    self.init(name, x: y.indices.map(Double.init), y: y)
  }
}

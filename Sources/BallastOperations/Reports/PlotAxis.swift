/// What an axis measures and how its values are spread.
public struct PlotAxis: Hashable, Sendable {
  /// How values become distances.
  public enum Scale: Hashable, Sendable {
    /// Equal differences are equally far apart.
    case linear
    /// Equal ratios are equally far apart; values that are not above 0 are left out.
    case logarithmic
  }

  /// What is measured.
  public var label: String
  /// The unit, such as `ms`; empty for none.
  public var unit: String
  /// How values are spread.
  public var scale: Scale
  /// A value the axis must reach, such as 0 or 1; nil fits the axis to the values.
  public var includes: Double?

  /// States an axis.
  public init(_ label: String, unit: String = "", scale: Scale = .linear, includes: Double? = nil) {
    self.label = label
    self.unit = unit
    self.scale = scale
    self.includes = includes
  }

  /// The label with its unit.
  var caption: String { unit.isEmpty ? label : "\(label) (\(unit))" }
}

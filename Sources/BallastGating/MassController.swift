import Glibc

/// Moves the mass of a top-p gate until what it costs meets a target: the mean experts of a token, or a step's time.
///
/// A value without clock or randomness: the same measurements give the same masses.
public struct MassController: Hashable, Sendable {
  // Algorithm: proportional-integral, on a scale where the cost is nearly straight. Where probabilities fall off by a
  // constant factor, covering a mass takes experts in proportion to −ln(1 − mass); and an error relative to the target
  // moves the logarithm of that. So the gains have no unit: they suit every model, every target and both kinds of cost.
  // At a clamp the integral is set to what would just give the clamp, so it holds nothing to be undone: the first
  // measurement on the other side of the target moves the mass.

  /// How a controller reacts.
  public struct Gains: Hashable, Sendable {
    /// The answer to the error of now.
    public var proportional: Double
    /// The answer to the errors so far, for each update.
    public var integral: Double

    /// The defaults settle in about ten updates and do not swing when a measurement comes a batch late.
    public init(proportional: Double = 0.1, integral: Double = 0.5) {
      self.proportional = proportional
      self.integral = integral
    }
  }

  /// What the cost shall be, in the unit it is measured in.
  public private(set) var target: Double
  /// The masses it may use.
  public let masses: ClosedRange<Double>
  /// How it reacts.
  public let gains: Gains
  /// The mass by now.
  public private(set) var mass: Double
  private var integral: Double

  /// The masses used unless others are given.
  public static let usualMasses = 0.05...0.999

  /// A controller that starts at `mass`.
  ///
  /// - Parameters:
  ///   - target: What the cost shall be, above 0.
  ///   - mass: Where to start; clamped to `masses`.
  ///   - masses: What may be used, inside 10⁻⁶…1 − 10⁻⁶.
  ///   - gains: How it reacts; each 0…2, not both 0.
  /// - Throws: `GatingError.outOfRange`, `.mass`.
  public init(
    target: Double, mass: Double, masses: ClosedRange<Double> = usualMasses, gains: Gains = Gains()
  ) throws(GatingError) {
    try Self.check(target: target)
    guard mass > 0, mass <= 1 else { throw .mass(mass) }
    for (name, end) in [("the lowest mass", masses.lowerBound), ("the highest mass", masses.upperBound)] {
      guard end >= 1e-6, end <= 1 - 1e-6 else {
        throw .outOfRange(name: name, value: end, allowed: 1e-6...1 - 1e-6)
      }
    }
    for (name, gain) in [("the proportional gain", gains.proportional), ("the integral gain", gains.integral)] {
      guard gain >= 0, gain <= 2 else { throw .outOfRange(name: name, value: gain, allowed: 0...2) }
    }
    self.target = target
    self.masses = masses
    self.gains = gains
    self.mass = min(masses.upperBound, max(masses.lowerBound, mass))
    integral = Self.place(of: self.mass)
  }

  /// Aims at another cost from the next update on.
  ///
  /// - Throws: `GatingError.outOfRange` unless above 0; the target is as it was.
  public mutating func set(target: Double) throws(GatingError) {
    try Self.check(target: target)
    self.target = target
  }

  /// Takes in what the current mass cost.
  ///
  /// - Parameter cost: What was measured, in the target's unit; one that is negative or not finite changes nothing.
  /// - Returns: The mass to use next.
  @discardableResult
  public mutating func update(cost: Double) -> Double {
    guard cost >= 0, cost.isFinite else { return mass }
    // A cost far above its target says no more than twice the target does.
    let error = max(-1, 1 - cost / target)
    integral += gains.integral * error
    let wanted = integral + gains.proportional * error
    let lowest = Self.place(of: masses.lowerBound)
    let highest = Self.place(of: masses.upperBound)
    let place = min(highest, max(lowest, wanted))
    integral += place - wanted
    mass = min(masses.upperBound, max(masses.lowerBound, Self.mass(at: place)))
    return mass
  }

  /// ln(−ln(1 − mass)).
  private static func place(of mass: Double) -> Double { log(-log1p(-mass)) }

  private static func mass(at place: Double) -> Double { -expm1(-exp(place)) }

  private static func check(target: Double) throws(GatingError) {
    guard target > 0, target <= 1e12 else { throw .outOfRange(name: "the target", value: target, allowed: 0...1e12) }
  }
}

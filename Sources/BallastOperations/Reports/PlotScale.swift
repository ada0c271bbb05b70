import Foundation

/// An axis laid over values: where a value falls between 0 and 1, and where the ticks stand.
struct PlotScale {
  let range: ClosedRange<Double>
  let ticks: [Double]
  private let isLogarithmic: Bool

  /// Where the ends of an axis lie.
  enum Ends {
    /// At the outermost ticks: for heights, which are read off.
    case ticks
    /// At the outermost values: for time, which fills its axis.
    case values
  }

  /// Fits `axis` to the values it can show; nil when there is none.
  init?(_ axis: PlotAxis, values: [Double], ends: Ends = .ticks) {
    isLogarithmic = axis.scale == .logarithmic
    let isLogarithmic = isLogarithmic
    let shown = (values + [axis.includes].compactMap { $0 }).filter { Self.shows($0, isLogarithmic: isLogarithmic) }
    guard values.contains(where: { Self.shows($0, isLogarithmic: isLogarithmic) }), let low = shown.min(),
      let high = shown.max()
    else { return nil }
    let padding = low == high ? max(abs(low) * 0.1, 0.5) : 0
    let start = axis.includes == nil ? low - padding : low
    let ticks = isLogarithmic ? Self.logarithmicTicks(low, high) : Self.linearTicks(start, high + padding)
    if ends == .values, low < high, ticks.contains(where: { low <= $0 && $0 <= high }) {
      range = low...high
      self.ticks = ticks.filter { low <= $0 && $0 <= high }
    } else {
      range = min(low, ticks.first ?? low)...max(high, ticks.last ?? high)
      self.ticks = ticks
    }
  }

  // Beyond this, differences would overflow; no measurement gets there.
  private static func shows(_ value: Double, isLogarithmic: Bool) -> Bool {
    abs(value) < 1e100 && (!isLogarithmic || value > 1e-100)
  }

  /// Whether `value` can be drawn.
  func shows(_ value: Double) -> Bool { Self.shows(value, isLogarithmic: isLogarithmic) }

  /// Where `value` falls, 0 at the low end and 1 at the high end.
  func share(_ value: Double) -> Double {
    func place(_ value: Double) -> Double { isLogarithmic ? log10(value) : value }
    let span = place(range.upperBound) - place(range.lowerBound)
    return span > 0 ? (place(value) - place(range.lowerBound)) / span : 0.5
  }

  /// A tick's label, no more exact than the ticks are apart.
  func label(_ tick: Double) -> String {
    guard !isLogarithmic, ticks.count > 1 else { return shortNumber(tick) }
    let step = ticks[1] - ticks[0]
    if abs(tick) < step / 1000 { return "0" }
    guard abs(tick) < 10_000 else { return shortNumber(tick) }
    return fixed(tick, digits: min(max(0, Int((-log10(step)).rounded(.up))), 9))
  }

  private static func linearTicks(_ low: Double, _ high: Double) -> [Double] {
    let rough = (high - low) / 5
    let power = pow(10, log10(rough).rounded(.down))
    let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? rough
    guard step > 0, step.isFinite, abs(high / step) < 1e12, abs(low / step) < 1e12 else { return [low, high] }
    let first = (low / step).rounded(.down)
    let last = (high / step).rounded(.up)
    return stride(from: first, through: last, by: 1).map { $0 * step }
  }

  private static func logarithmicTicks(_ low: Double, _ high: Double) -> [Double] {
    let first = Int(log10(low).rounded(.down))
    let last = max(Int(log10(high).rounded(.up)), first + 1)
    let factors: [Double] = last - first <= 2 ? [1, 2, 5] : [1]
    let stride = Swift.stride(from: first, through: last, by: max(1, (last - first) / 8))
    return stride.flatMap { exponent in factors.map { $0 * pow(10, Double(exponent)) } }.filter {
      $0 <= pow(10, Double(last)) * 1.001
    }
  }
}

/// A number with so many digits after the point, without needless zeros at the end.
func fixed(_ number: Double, digits: Int) -> String {
  guard number.isFinite, abs(number) < 1e15 else { return "\(number)" }
  let text = String(format: "%.\(digits)f", number)
  guard text.contains(".") else { return text }
  let kept = text.reversed().drop { $0 == "0" }.drop { $0 == "." }
  return String(kept.reversed())
}

/// A number in about three digits, with k, M, G or T for thousands.
func shortNumber(_ number: Double) -> String {
  guard number.isFinite else { return "–" }
  let units: [(Double, String)] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]
  if abs(number) >= 1e16 || (number != 0 && abs(number) < 1e-4) { return String(format: "%.2g", number) }
  if abs(number) >= 10_000, let (size, name) = units.first(where: { abs(number) >= $0.0 }) {
    return fixed(number / size, digits: 2) + name
  }
  return fixed(number, digits: abs(number) >= 100 ? 1 : abs(number) >= 1 ? 3 : 4)
}

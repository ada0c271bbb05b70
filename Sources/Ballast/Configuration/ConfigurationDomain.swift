/// The values a key may take.
public enum ConfigurationDomain: Hashable, Sendable, CustomStringConvertible {
  /// Whole numbers in a range.
  case integers(ClosedRange<Int>)
  /// Finite numbers in a range.
  case numbers(ClosedRange<Double>)
  /// One of these words.
  case words([String])

  /// What is allowed, as errors and the annotated default say it.
  public var description: String {
    switch self {
    case .integers(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .numbers(let range): "a number from \(plain(range.lowerBound)) to \(plain(range.upperBound))"
    case .words(let words): "one of " + words.joined(separator: ", ")
    }
  }

  /// What became of a text read as a value of this domain.
  package enum Reading {
    case value(ConfigurationScalar)
    case wrongType
    case outOfRange
  }

  package func read(_ text: String) -> Reading {
    switch self {
    case .integers(let range):
      guard text.wholeMatch(of: /[+-]?[0-9]+/) != nil else { return .wrongType }
      guard let value = Int(text), range.contains(value) else { return .outOfRange }
      return .value(.integer(value))
    case .numbers(let range):
      guard text.wholeMatch(of: /[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?/) != nil else { return .wrongType }
      guard let value = Double(text), range.contains(value) else { return .outOfRange }
      return .value(.number(value))
    case .words(let words):
      return words.contains(text) ? .value(.word(text)) : .outOfRange
    }
  }
}

/// A number without a needless fraction.
package func plain(_ number: Double) -> String {
  Int(exactly: number).map(String.init) ?? "\(number)"
}

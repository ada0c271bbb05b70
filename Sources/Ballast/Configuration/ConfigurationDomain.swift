import BallastControl

/// The values a key may take.
public enum ConfigurationDomain: Hashable, Sendable, CustomStringConvertible {
  /// Whole numbers in a range.
  case integers(ClosedRange<Int>)
  /// Finite numbers in a range.
  case numbers(ClosedRange<Double>)
  /// One of these words.
  case words([String])
  /// Experts of layers.
  case experts

  /// What is allowed, as errors and the annotated default say it.
  public var description: String {
    switch self {
    case .integers(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .numbers(let range): "a number from \(plain(range.lowerBound)) to \(plain(range.upperBound))"
    case .words(let words): "one of " + words.joined(separator: ", ")
    case .experts: "none, or experts as layer:expert separated by spaces"
    }
  }

  /// Whether its values are words, which may stand in quotes.
  package var isText: Bool {
    switch self {
    case .integers, .numbers: false
    case .words, .experts: true
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
    case .experts: return (try? PinnedExperts(parsing: text)).map { .value(.experts($0)) } ?? .wrongType
    }
  }
}

/// A number without a needless fraction.
package func plain(_ number: Double) -> String {
  Int(exactly: number).map(String.init) ?? "\(number)"
}

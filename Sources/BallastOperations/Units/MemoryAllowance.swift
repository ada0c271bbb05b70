import Ballast

/// What replicas may take: bytes, or a share of one copy of each expert at full precision.
public enum MemoryAllowance: Hashable, Sendable {
  /// An amount of memory.
  case bytes(Int)
  /// A share of one copy of each expert, inside `shares`.
  case share(Double)

  /// The shares that make sense: a hundredth to four copies of everything.
  public static let shares = ConfigurationSchema.memoryBudgetShares

  /// Reads an allowance: a number with a point or a percent sign is a share, all else bytes.
  ///
  /// - Throws: `UnitError` naming the text and what is allowed.
  public init(parsing text: String) throws(UnitError) {
    let isPercent = text.hasSuffix("%")
    let number = isPercent ? String(text.dropLast()) : text
    let isPlain = !number.isEmpty && number.allSatisfy { $0.isASCII && ($0.isWholeNumber || $0 == ".") }
    guard isPercent || (isPlain && number.contains(".")) else {
      self = .bytes(try ByteCount(parsing: text).bytes)
      return
    }
    guard isPlain, let value = Double(number) else { throw .notANumber(text: text) }
    let share = isPercent ? value / 100 : value
    guard Self.shares.contains(share) else { throw .shareOutOfRange(text: text, allowed: Self.shares) }
    self = .share(share)
  }

  /// The allowance in bytes for a model whose experts take `fullBytes`, one copy each; never overflows.
  public func bytes(fullBytes: Int) -> Int {
    switch self {
    case .bytes(let bytes): bytes
    case .share(let share): Int(exactly: (share * Double(fullBytes)).rounded(.down)) ?? Int.max
    }
  }
}

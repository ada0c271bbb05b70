import Foundation

/// The lengths of recorded requests, read from a file of `TIMESTAMP,ContextTokens,GeneratedTokens` lines.
///
/// Requests keep the order in which they arrived; the times between them are not replayed, because a lane serves as
/// many requests as it has room for.
public struct Arrivals: Hashable, Sendable {
  /// The first line of such a file.
  public static let header = "TIMESTAMP,ContextTokens,GeneratedTokens"
  private static let allowedTokens = 0...1_000_000_000

  /// Lengths as recorded, in tokens, in order of arrival; at least one.
  public let lengths: [RequestLength]

  /// Reads a file.
  ///
  /// - Throws: `WorkloadError.unreadable`, `.malformedLine`, `.noArrivals`.
  public init(path: String) throws(WorkloadError) {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw .unreadable(path: path, reason: "not a text file that can be read")
    }
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    if lines.last?.isEmpty == true { lines.removeLast() }
    guard lines.first.map(String.init) == Self.header else {
      throw .malformedLine(
        file: path, line: 1, value: String(lines.first?.prefix(80) ?? ""), expected: "the header \(Self.header)")
    }
    var lengths: [RequestLength] = []
    for (index, line) in lines.enumerated().dropFirst() {
      guard let length = Self.length(line) else {
        throw .malformedLine(
          file: path, line: index + 1, value: String(line.prefix(80)),
          expected: "a time and two integers of 0 to \(Self.allowedTokens.upperBound)")
      }
      lengths.append(length)
    }
    guard !lengths.isEmpty else { throw .noArrivals(file: path) }
    self.lengths = lengths
  }

  /// The lengths brought to a context: the median request takes half of it, and those beyond it shrink to fit.
  ///
  /// - Throws: `WorkloadError.outOfRange` when `contextBytes` is below 2.
  public func scaled(contextBytes: Int) throws(WorkloadError) -> [RequestLength] {
    try WorkloadConfiguration.check("contextBytes", contextBytes, WorkloadConfiguration.allowedContextBytes)
    let totals = lengths.map { $0.promptBytes + $0.generatedBytes }.sorted()
    let median = max(1, totals[totals.count / 2])
    return lengths.map { $0.scaled(by: Double(contextBytes) / 2 / Double(median), contextBytes: contextBytes) }
  }

  private static func length(_ line: Substring) -> RequestLength? {
    let fields = line.split(separator: ",", omittingEmptySubsequences: false)
    guard fields.count == 3, !fields[0].isEmpty, let prompt = Int(fields[1]), let generated = Int(fields[2]),
      allowedTokens.contains(prompt), allowedTokens.contains(generated)
    else { return nil }
    return RequestLength(promptBytes: prompt, generatedBytes: generated)
  }
}

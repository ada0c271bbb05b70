/// Why requests cannot be made.
public enum WorkloadError: Error, Hashable, CustomStringConvertible {
  /// The file or directory cannot be read.
  case unreadable(path: String, reason: String)
  /// The directory holds no `.txt` file.
  case noTexts(directory: String)
  /// A text is shorter than the longest request.
  case textTooShort(domain: String, bytes: Int, neededBytes: Int)
  /// A line of an arrivals file is not what it must be.
  case malformedLine(file: String, line: Int, value: String, expected: String)
  /// An arrivals file has no requests.
  case noArrivals(file: String)
  /// A quantity is not in its range.
  case outOfRange(name: String, value: Int, allowed: ClosedRange<Int>)
  /// The share of the dominant domain is not a share.
  case dominantShare(Double)

  /// The fact, with the values and limits.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
    case .noTexts(let directory): "\(directory): has no .txt file; each is one domain"
    case .textTooShort(let domain, let bytes, let needed):
      "the text of \(domain) has \(bytes) bytes; requests need \(needed)"
    case .malformedLine(let file, let line, let value, let expected):
      "\(file): line \(line) is \"\(value)\"; expected \(expected)"
    case .noArrivals(let file): "\(file): has no requests after its header"
    case .outOfRange(let name, let value, let allowed):
      "\(name) is \(value); allowed is \(allowed.lowerBound) to \(allowed.upperBound)"
    case .dominantShare(let share): "the dominant share is \(share); allowed is 0 to 1"
    }
  }
}

import Testing

/// A place where a rule is broken.
struct Violation: Hashable, CustomStringConvertible {
  let path: String
  let line: Int
  let fact: String

  var description: String { "\(path):\(line): \(fact)" }
}

extension SourceFile {
  /// A violation on the line at `index`, counted from 0.
  func violation(_ index: Int, _ fact: String) -> Violation {
    Violation(path: path, line: index + 1, fact: fact)
  }
}

/// Records one issue for each violation, so that a failure reads as a list.
func expectNone(_ violations: [Violation], sourceLocation: SourceLocation = #_sourceLocation) {
  for violation in violations { Issue.record("\(violation)", sourceLocation: sourceLocation) }
}

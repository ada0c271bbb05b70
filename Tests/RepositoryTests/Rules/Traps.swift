/// What stops the process, or was left for later.
enum Traps {
  static func violations(in file: SourceFile) -> [Violation] {
    var violations: [Violation] = []
    for (index, line) in file.code.enumerated() {
      let compact = line.filter { $0 != " " }
      for trap in ["try!", "as!", "fatalError("] where contains(trap, in: compact, of: line) {
        violations.append(file.violation(index, "\(trap) stops the process; throw a typed error"))
      }
    }
    for (index, line) in file.comments.enumerated() {
      for mark in ["TODO", "FIXME", "XXX"] where line.contains(mark) {
        violations.append(file.violation(index, "\(mark) is left for later; do it or delete it"))
      }
    }
    return violations
  }

  /// A call may be written with a space before its parenthesis; operators stand as they are.
  private static func contains(_ trap: String, in compact: String, of line: String) -> Bool {
    trap.hasSuffix("(") ? compact.contains(trap) : line.contains(trap)
  }
}

/// Every source with behaviour has a test file; `untested.txt` lists those still without.
enum Untested {
  /// - Parameters:
  ///   - sources: Files below `Sources`.
  ///   - tests: Paths of the files below `Tests`.
  ///   - exemptions: Lines of `path: reason`.
  /// - Returns: Sources missing from both, and exemptions that are not needed or have no reason.
  static func violations(sources: [SourceFile], tests: [String], exemptions: SourceFile) -> [Violation] {
    let missing = Set(sources.filter { hasBehaviour($0) && !hasTest($0, tests) }.map(\.path))
    var listed: Set<String> = []
    var violations: [Violation] = []
    for (index, line) in exemptions.lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
      let parts = line.split(separator: ":", maxSplits: 1).map { $0.drop { $0 == " " } }
      let path = String(parts.first ?? "")
      listed.insert(path)
      if parts.count < 2 || parts[1].isEmpty { violations.append(exemptions.violation(index, "\(path) has no reason")) }
      if !missing.contains(path) {
        violations.append(exemptions.violation(index, "\(path) has a test, needs none, or does not exist"))
      }
    }
    for path in missing.subtracting(listed).sorted() {
      violations.append(Violation(path: path, line: 1, fact: "no test file and no line in \(exemptions.path)"))
    }
    return violations
  }

  /// Whether a function does more than store its arguments.
  static func hasBehaviour(_ file: SourceFile) -> Bool {
    Function.all(in: file).contains { function in
      function.body.split { $0 == "\n" || $0 == ";" }.contains { !isPlainAssignment($0.filter { $0 != " " }) }
    }
  }

  private static func isPlainAssignment(_ statement: String) -> Bool {
    guard !statement.isEmpty else { return true }
    let sides = statement.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    return sides.count == 2
      && sides.allSatisfy { side in side.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." } }
  }

  /// `Type+Topic.swift` may be tested with its type.
  private static func hasTest(_ file: SourceFile, _ tests: [String]) -> Bool {
    let type = file.name.prefix { $0 != "+" }
    return tests.contains { test in
      test.hasPrefix("Tests/\(file.module)Tests/")
        && (test.hasSuffix("/\(file.name)Tests.swift") || test.hasSuffix("/\(type)Tests.swift"))
    }
  }
}

/// How long files and functions may be.
enum Sizes {
  static let longestFile = 400
  static let longestFunction = 40
  static let medianFile = 130
  static let ninthDecileFile = 250

  static func violations(in file: SourceFile) -> [Violation] {
    var violations: [Violation] = []
    if file.lines.count > longestFile {
      violations.append(file.violation(longestFile, "\(file.lines.count) lines; a file has at most \(longestFile)"))
    }
    guard file.path.hasSuffix(".swift") else { return violations }
    for function in Function.all(in: file) where function.lines.count > longestFunction {
      violations.append(
        file.violation(
          function.lines.lowerBound, "\(function.lines.count) lines; a function has at most \(longestFunction)"))
    }
    return violations
  }

  /// What is wrong with the files taken together.
  static func distribution(of files: [SourceFile]) -> [String] {
    let counts = files.map(\.lines.count).sorted()
    guard !counts.isEmpty else { return ["there are no files"] }
    var facts: [String] = []
    let median = counts[counts.count / 2]
    let decile = counts[counts.count * 9 / 10]
    if median > medianFile { facts.append("the median file has \(median) lines; the limit is \(medianFile)") }
    if decile > ninthDecileFile {
      facts.append("one file in ten has \(decile) lines or more; the limit is \(ninthDecileFile)")
    }
    return facts
  }
}

/// Code and output that a page shows stand word for word in an example that runs.
enum Quotations {
  /// - Parameters:
  ///   - page: A Markdown file; its blocks marked `swift` and `text` are quotations.
  ///   - examples: What may be quoted.
  /// - Returns: A violation for each block found in none of them.
  static func violations(in page: SourceFile, from examples: [SourceFile]) -> [Violation] {
    let texts = examples.map { $0.lines.joined(separator: "\n") }
    var violations: [Violation] = []
    var start: Int?
    for (index, line) in page.lines.enumerated() where line.hasPrefix("```") {
      if let first = start {
        let block = page.lines[first..<index].joined(separator: "\n")
        if !texts.contains(where: { $0.contains(block) }) {
          violations.append(page.violation(first, "no example contains this"))
        }
        start = nil
      } else if line == "```swift" || line == "```text" {
        start = index + 1
      }
    }
    return violations
  }
}

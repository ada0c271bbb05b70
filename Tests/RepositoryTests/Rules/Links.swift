import Foundation

/// Links between pages lead somewhere.
enum Links {
  /// - Parameters:
  ///   - page: A Markdown file.
  ///   - exists: Whether a path from the root of the repository names something.
  /// - Returns: A violation for each link to nothing.
  static func violations(in page: SourceFile, exists: (String) -> Bool) -> [Violation] {
    let folder = URL(filePath: "/" + page.path).deletingLastPathComponent()
    var isCode = false
    var violations: [Violation] = []
    for (index, line) in page.lines.enumerated() {
      if line.hasPrefix("```") { isCode.toggle() }
      guard !isCode else { continue }
      for target in targets(in: line) {
        let path = folder.appending(path: target).standardized.path
        if !exists(String(path.dropFirst())) { violations.append(page.violation(index, "\(target) does not exist")) }
      }
    }
    return violations
  }

  /// The relative targets of `[text](target)` in `line`, without their anchors.
  private static func targets(in line: String) -> [String] {
    line.components(separatedBy: "](").dropFirst().compactMap { rest in
      let target = rest.prefix { $0 != ")" && $0 != "#" }
      return target.isEmpty || target.contains("://") ? nil : String(target)
    }
  }
}

import Foundation

/// Links between pages lead somewhere.
enum Links {
  /// - Parameters:
  ///   - page: A Markdown file.
  ///   - exists: Whether a path from the root of the repository names something.
  /// - Returns: A violation for each link to nothing.
  static func violations(in page: SourceFile, exists: (String) -> Bool) -> [Violation] {
    let folder = URL(filePath: "/" + page.path).deletingLastPathComponent()
    return page.lines.enumerated().flatMap { index, line in
      targets(in: line).filter { target in
        let path = folder.appending(path: target).standardized.path
        return !exists(String(path.dropFirst()))
      }.map { page.violation(index, "\($0) does not exist") }
    }
  }

  /// The relative targets of `[text](target)` in `line`, without their anchors.
  private static func targets(in line: String) -> [String] {
    line.components(separatedBy: "](").dropFirst().compactMap { rest in
      let target = rest.prefix { $0 != ")" && $0 != "#" }
      return target.isEmpty || target.contains("://") ? nil : String(target)
    }
  }
}

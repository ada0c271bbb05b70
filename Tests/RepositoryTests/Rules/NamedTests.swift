/// Tests that a page names exist: as a file, as a target, or as a promise in `untested.txt`.
enum NamedTests {
  /// - Parameters:
  ///   - page: A Markdown file.
  ///   - names: File names and targets below `Tests`, without extension.
  ///   - exemptions: The list of sources still without a test.
  /// - Returns: A violation for each other word in backquotes that ends in `Tests`.
  static func violations(in page: SourceFile, names: Set<String>, exemptions: SourceFile) -> [Violation] {
    page.lines.enumerated().flatMap { index, line in
      line.split(separator: "`").map(String.init).filter { word in
        word.hasSuffix("Tests") && word.allSatisfy(\.isLetter) && !names.contains(word)
          && !exemptions.lines.contains { $0.contains("/\(word.dropLast(5)).swift:") }
      }.map { page.violation(index, "\($0) does not exist") }
    }
  }
}

/// Code the compiler cannot check stands in few places, each with a `// Safety:` comment.
enum UnsafeCode {
  /// Folders (and modules) that may hold unsafe code.
  static let allowed = [
    "Sources/BallastRuntime/Load/", "Sources/BallastRuntime/Route/", "Sources/BallastRuntime/Publish/",
    "Sources/BallastControl/Plan/Pack/", "Sources/BallastCPU/", "Sources/BallastServing/Checkpoint/",
    "Sources/BallastServing/Decoder/",
    "Sources/BallastOperations/Files/", "Sources/BallastC/",
    "Sources/Ballast/Learned/",
  ]
  /// How far above a spot its comment may stand.
  static let reach = 12

  static func violations(in file: SourceFile) -> [Violation] {
    let spots = file.code.indices.filter { isUnsafe(file.code[$0]) }
    guard !spots.isEmpty else { return [] }
    let functions = Function.all(in: file)
    return spots.flatMap { index in
      var violations: [Violation] = []
      if !allowed.contains(where: file.path.hasPrefix) {
        violations.append(file.violation(index, "unsafe code is not allowed here"))
      }
      if !isExplained(index, file, functions) {
        violations.append(file.violation(index, "unsafe code without a // Safety: comment"))
      }
      return violations
    }
  }

  private static func isUnsafe(_ line: String) -> Bool {
    let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "@" && $0 != "_" }
    return words.contains { word in
      word == "unsafe" || word == "@unchecked" || word == "Unmanaged" || word == "unsafeBitCast"
        || (word.hasPrefix("Unsafe") && word != "Unsafe")
    }
  }

  /// Whether a comment stands above within reach, anywhere above in the same function or at its head, or, for the head
  /// of a type, just below it.
  private static func isExplained(_ index: Int, _ file: SourceFile, _ functions: [Function]) -> Bool {
    var enclosing = functions.filter { $0.lines.contains(index) }.map(\.lines.lowerBound).min() ?? index
    while enclosing > 0, isHead(file.lines[enclosing - 1]) { enclosing -= 1 }
    let first = max(0, min(index - reach, enclosing))
    let last = file.code[index].contains("@unchecked") ? min(index + 3, file.lines.count - 1) : index
    return file.comments[first...last].contains { $0.contains("// Safety:") }
  }

  /// Whether a line above a function belongs to its head: a comment or an attribute.
  private static func isHead(_ line: some StringProtocol) -> Bool {
    let text = line.drop { $0 == " " }
    return text.hasPrefix("//") || text.hasPrefix("@")
  }
}

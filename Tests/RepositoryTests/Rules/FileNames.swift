/// A file is named after the first type it offers to others; `Type+Topic.swift` extends a type.
enum FileNames {
  static func violations(in file: SourceFile) -> [Violation] {
    guard !file.name.contains("+") else { return [] }
    guard let first = Declaration.all(in: file).first(where: { $0.isTopLevel && $0.isPublic }) else { return [] }
    guard first.name != file.name else { return [] }
    return [file.violation(first.line, "the file is not named after \(first.name)")]
  }
}

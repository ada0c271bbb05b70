/// The words of the project, each defined once in `docs/glossary.md`.
enum Glossary {
  static let words = [
    "expert", "replica", "device", "node", "precision", "placement", "plan", "routing table", "selection", "dispatch",
    "lane", "load", "imbalance", "tick",
  ]

  static func violations(in glossary: SourceFile) -> [Violation] {
    words.compactMap { word in
      let rows = glossary.lines.filter { $0.hasPrefix("| **\(word)** |") }.count
      return rows == 1 ? nil : glossary.violation(0, "\(word) is defined \(rows) times")
    }
  }
}

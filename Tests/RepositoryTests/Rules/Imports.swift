/// What each module may import.
///
/// This table is the architecture: `docs/architecture.md` draws it.
enum Imports {
  /// One row of the table.
  struct Module {
    let name: String
    /// A module imports modules of lower levels only; C modules, which import nothing, stand below all.
    let level: Int
    /// Modules of this package.
    let modules: Set<String>
    /// What comes from outside the package.
    var outside: Set<String> = []
  }

  private static let core: Set<String> = ["Glibc", "Synchronization"]

  static let architecture: [Module] = [
    Module(name: "CBLAS", level: -1, modules: []),
    Module(name: "CJemalloc", level: -1, modules: []),
    Module(name: "CBallastKernels", level: -1, modules: []),
    Module(name: "CBallast", level: -1, modules: []),
    Module(name: "BallastRuntime", level: 0, modules: [], outside: core),
    Module(name: "BallastGating", level: 1, modules: ["BallastRuntime"], outside: core),
    Module(name: "BallastControl", level: 1, modules: ["BallastRuntime"], outside: core),
    Module(name: "BallastSimulator", level: 1, modules: ["BallastRuntime"], outside: core),
    Module(
      name: "BallastCPU", level: 1, modules: ["BallastRuntime", "CBallastKernels", "CJemalloc"], outside: core),
    Module(name: "Ballast", level: 2, modules: ["BallastRuntime", "BallastControl"], outside: core),
    Module(
      name: "BallastOperations", level: 3,
      modules: ["Ballast", "BallastRuntime", "BallastControl", "BallastGating", "BallastSimulator"],
      outside: core.union(["Foundation", "Yams", "Histogram"])),
    Module(
      name: "BallastServing", level: 3, modules: ["BallastRuntime", "BallastGating", "CBLAS"],
      outside: core.union(["Foundation"])),
    Module(
      name: "BallastC", level: 4, modules: ["Ballast", "BallastRuntime", "BallastControl", "BallastCPU", "CBallast"],
      outside: core),
    Module(
      name: "BallastCommand", level: 4,
      modules: [
        "Ballast", "BallastRuntime", "BallastControl", "BallastCPU", "BallastGating", "BallastOperations",
        "BallastServing",
      ],
      outside: core.union(["Foundation", "ArgumentParser", "Histogram"])),
  ]

  static func violations(in file: SourceFile) -> [Violation] {
    guard let module = architecture.first(where: { $0.name == file.module }) else {
      return [file.violation(0, "module \(file.module) is not in the architecture table")]
    }
    return file.code.enumerated().compactMap { index, line in
      guard let name = importedModule(line) else { return nil }
      let isAllowed = module.modules.contains(name) || module.outside.contains(name)
      return isAllowed ? nil : file.violation(index, "\(module.name) must not import \(name)")
    }
  }

  /// Rows of `table` that import a module of their own level or above, or one that is not in it.
  static func upwardImports(in table: [Module]) -> [String] {
    let levels = Dictionary(table.map { ($0.name, $0.level) }) { first, _ in first }
    return table.flatMap { module in
      module.modules.filter { (levels[$0] ?? .max) >= module.level }.map { "\(module.name) imports \($0)" }
    }
  }

  private static func importedModule(_ line: String) -> String? {
    let words = line.split { $0 == " " || $0 == ";" }.map(String.init)
    guard let keyword = words.firstIndex(of: "import"), keyword + 1 < words.count else { return nil }
    guard words[..<keyword].allSatisfy({ $0.hasPrefix("@") || accessLevels.contains($0) }) else { return nil }
    let isScoped = scopes.contains(words[keyword + 1]) && keyword + 2 < words.count
    return words[keyword + (isScoped ? 2 : 1)].split(separator: ".").first.map(String.init)
  }

  private static let accessLevels: Set<String> = ["public", "package", "internal", "fileprivate", "private"]
  private static let scopes: Set<String> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
}

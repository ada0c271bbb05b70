/// Paths that exist on one machine only.
enum MachinePaths {
  static let banned = ["/work/", "/root/", "/tmp/"]

  static func violations(in file: SourceFile) -> [Violation] {
    file.lines.enumerated().flatMap { index, line in
      banned.filter(line.contains).map { file.violation(index, "\($0) is a path of one machine") }
    }
  }
}

import Foundation

/// One line on standard error that says how far long work has come; silent when nobody watches.
struct Progress {
  private let total: Int
  private let noun: String
  private let isWatched = isatty(STDERR_FILENO) != 0

  init(total: Int, noun: String) {
    self.total = total
    self.noun = noun
  }

  func advance(to count: Int) {
    guard isWatched else { return }
    FileHandle.standardError.write(Data("\r\(count) of \(total) \(noun)".utf8))
  }

  func finish() {
    guard isWatched else { return }
    FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
  }
}

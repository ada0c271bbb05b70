public import BallastControl
import BallastRuntime
import Glibc

/// A file that keeps what a balancer has learned.
///
/// A save writes another file, `path` with `.new` behind it, makes it durable, and renames it: whenever a process or a machine
/// stops, `path` holds the newest whole save, or the one before it.
public struct LearnedFile: Sendable {
  /// Where it is.
  public let path: String

  /// Names a file; nothing is read or written.
  public init(path: String) { self.path = path }

  /// Most bytes that are read; a state of the largest model has fewer.
  static let mostBytes = 1 << 32

  /// Writes `state` in place of what the file holds.
  ///
  /// - Throws: `LearnedFileError.system`; the file holds what it did.
  public func save(_ state: LearnedState) throws(LearnedFileError) {
    // Safety: each text ends with a zero and is only read during its call.
    let fresh = path + ".new"
    do throws(LearnedFileError) {
      try write(state.bytes, to: fresh)
      guard unsafe rename(fresh, path) == 0 else { throw failure("rename", fresh) }
    } catch {
      unsafe unlink(fresh)
      throw error
    }
    try makeNameDurable()
  }

  /// What the file holds.
  ///
  /// - Throws: `LearnedFileError.system` when it cannot be read, `.bytes` when it is no whole state.
  public func load() throws(LearnedFileError) -> LearnedState {
    let bytes = try read()
    do throws(SealedError) { return try LearnedState(bytes: bytes.span) } catch { throw .bytes(error, path: path) }
  }

  private func write(_ bytes: [UInt8], to path: String) throws(LearnedFileError) {
    // Safety: the text ends with a zero and is only read during the call.
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw failure("open", path) }
    defer { close(file) }
    var written = 0
    while written < bytes.count {
      // Safety: the bytes stay in place during the call, which reads no more than there are.
      let count = unsafe bytes.withUnsafeBytes { all in
        unsafe Glibc.write(file, all.baseAddress.map { unsafe $0 + written }, bytes.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure("write", path) }
      written += count
    }
    guard fsync(file) == 0 else { throw failure("fsync", path) }
  }

  /// The rename itself is durable once the folder is.
  private func makeNameDurable() throws(LearnedFileError) {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    // Safety: the text ends with a zero and is only read during the call.
    let file = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw failure("open", folder) }
    defer { close(file) }
    guard fsync(file) == 0 || errno == EINVAL else { throw failure("fsync", folder) }
  }

  private func read() throws(LearnedFileError) -> [UInt8] {
    // Safety: the text ends with a zero and is only read during the call.
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure("open", path) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // Safety: the chunk stays in place during the call, which writes no more than it has room for.
      let count = unsafe chunk.withUnsafeMutableBytes { all in unsafe Glibc.read(file, all.baseAddress, all.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure("read", path) }
      guard count > 0 else { return bytes }
      guard bytes.count + count <= Self.mostBytes else { throw .bytes(.length(bytes: bytes.count + count), path: path) }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  private func failure(_ call: String, _ path: String) -> LearnedFileError {
    let code = errno
    // Safety: the text of a code is the C library's, and stays until the thread's next call of it.
    return .system(call, path: path, reason: unsafe strerror(code).map { unsafe String(cString: $0) } ?? "\(code)")
  }
}

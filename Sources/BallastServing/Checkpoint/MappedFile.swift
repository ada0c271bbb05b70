import Glibc

/// A file's bytes, mapped privately for reading.
///
/// A file that shrinks while it is mapped ends the process on the next read beyond its end, as with any mapping:
/// replace checkpoints by renaming.
@safe final class MappedFile: Sendable {
  // Safety: the mapping is read-only, lives as long as this object and is reached only through `withBytes`.
  nonisolated(unsafe) private let bytes: UnsafeRawBufferPointer
  let path: String

  var count: Int { unsafe bytes.count }

  /// Maps a regular file of at least one byte.
  ///
  /// - Throws: `CheckpointError.unreadable`, `.tooShort`, `.tooLong`; nothing stays open.
  init(_ path: String, limit: Int = .max) throws(CheckpointError) {
    // Safety: the path is terminated, and the status is the call's to fill.
    // Without blocking, so that a pipe is refused below instead of waited for.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(file: path, reason: Self.lastReason()) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .unreadable(file: path, reason: Self.lastReason()) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable(file: path, reason: "not a regular file") }
    let size = Int(status.st_size)
    guard size > 0 else { throw .tooShort(file: path, bytes: 0, neededBytes: 1) }
    guard size <= limit else { throw .tooLong(file: path, what: "the file", bytes: UInt64(size), limit: limit) }
    // Safety: a fresh private mapping of `size` bytes; failure is checked before it is used.
    guard let start = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), unsafe start != MAP_FAILED else {
      throw .unreadable(file: path, reason: Self.lastReason())
    }
    unsafe bytes = UnsafeRawBufferPointer(start: start, count: size)
    self.path = path
  }

  deinit {
    // Safety: unmaps exactly what `init` mapped; no span outlives `withBytes`.
    unsafe munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
  }

  /// Lends the bytes of `range`, which must lie in the file.
  func withBytes<Outcome, Failure: Error>(
    _ range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Outcome
  ) throws(Failure) -> Outcome {
    // Safety: the span cannot leave `body`, and the mapping outlives the call; `extracting` checks the range.
    try body(unsafe bytes.bytes.extracting(range))
  }

  private static func lastReason() -> String {
    // Safety: the C library returns a terminated string that is copied at once.
    unsafe String(cString: strerror(errno))
  }
}

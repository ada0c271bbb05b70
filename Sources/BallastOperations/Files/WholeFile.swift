import Foundation
import Glibc

/// A file read or written in one piece, never half.
public enum WholeFile {
  /// The bytes of a regular file of at most `limitBytes`.
  ///
  /// - Throws: `FileError.unreadable`, `notRegular` or `tooLarge`.
  public static func read(_ path: String, limitBytes: Int) throws(FileError) -> [UInt8] {
    let stamp = try FileStamp(path: path)
    guard stamp.isRegular else { throw .notRegular(file: path) }
    guard stamp.bytes <= limitBytes else { throw .tooLarge(file: path, bytes: stamp.bytes, limitBytes: limitBytes) }
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw .unreadable(file: path, reason: lastSystemError())
    }
    let content: Data
    do {
      content = try file.read(upToCount: stamp.bytes + 1) ?? Data()
      try file.close()
    } catch {
      throw .unreadable(file: path, reason: error.localizedDescription)
    }
    guard content.count <= limitBytes else {
      throw .tooLarge(file: path, bytes: content.count, limitBytes: limitBytes)
    }
    return [UInt8](content)
  }

  /// Replaces the file at `path`: readers see the old content or the new, never a part.
  ///
  /// A link is followed and what it names is replaced; permissions are kept. A pipe or terminal is written through.
  ///
  /// - Throws: `FileError.unwritable`; the old file stands and nothing is left beside it.
  public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    let existing = try? FileStamp(path: path)
    if let existing, !existing.isRegular { return try write(bytes, to: path, flags: O_WRONLY) }
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let beside = "\(target).\(UInt32.random(in: .min ... .max)).partial"
    do throws(FileError) {
      try write(bytes, to: beside, flags: O_WRONLY | O_CREAT | O_EXCL, permissions: existing?.permissions)
      // Safety: both paths are null-terminated copies that live through the call.
      guard unsafe rename(beside, target) == 0 else { throw .unwritable(file: path, reason: lastSystemError()) }
    } catch {
      try? FileManager.default.removeItem(atPath: beside)
      guard case .unwritable(_, let reason) = error else { throw error }
      throw .unwritable(file: path, reason: reason)
    }
  }

  /// Replaces the file at `path` with text in UTF-8.
  ///
  /// - Throws: `FileError.unwritable`; the old file stands and nothing is left beside it.
  public static func write(_ text: String, to path: String) throws(FileError) {
    try write([UInt8](text.utf8), to: path)
  }

  /// Opens, writes, and waits until the bytes are stored; with `permissions`, those of the file are set.
  private static func write(
    _ bytes: [UInt8], to path: String, flags: Int32, permissions: UInt32? = nil
  ) throws(FileError) {
    // Safety: the path is a null-terminated copy that lives through the call.
    let descriptor = unsafe open(path, flags | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .unwritable(file: path, reason: lastSystemError()) }
    defer { close(descriptor) }
    if let permissions, fchmod(descriptor, mode_t(permissions)) != 0 {
      throw .unwritable(file: path, reason: lastSystemError())
    }
    var written = 0
    while written < bytes.count {
      // Safety: the call reads `count - written` bytes from that offset, inside the buffer, and keeps no pointer.
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .unwritable(file: path, reason: lastSystemError()) }
      written += count
    }
    // A pipe or terminal cannot be told to store, and says so.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else {
      throw .unwritable(file: path, reason: lastSystemError())
    }
  }
}

import Foundation

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
    if let existing, !existing.isRegular { return try writeThrough(bytes, to: path) }
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let beside = "\(target).\(UInt32.random(in: .min ... .max)).partial"
    do throws(FileError) {
      try writeDurably(bytes, to: beside, permissions: existing?.permissions)
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

  private static func writeDurably(_ bytes: [UInt8], to path: String, permissions: UInt32?) throws(FileError) {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
    // Safety: the path is a null-terminated copy that lives through the call.
    let descriptor = unsafe open(path, flags, 0o666)
    guard descriptor >= 0 else { throw .unwritable(file: path, reason: lastSystemError()) }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    if let permissions, fchmod(descriptor, mode_t(permissions)) != 0 {
      throw .unwritable(file: path, reason: lastSystemError())
    }
    do {
      try file.write(contentsOf: Data(bytes))
      try file.synchronize()
      try file.close()
    } catch {
      throw .unwritable(file: path, reason: error.localizedDescription)
    }
  }

  private static func writeThrough(_ bytes: [UInt8], to path: String) throws(FileError) {
    guard let file = FileHandle(forWritingAtPath: path) else {
      throw .unwritable(file: path, reason: lastSystemError())
    }
    do {
      try file.write(contentsOf: Data(bytes))
      try file.close()
    } catch {
      throw .unwritable(file: path, reason: error.localizedDescription)
    }
  }
}

import Glibc

/// What changes when a file is written or replaced: cheap to take, cheap to compare.
struct FileStamp: Equatable {
  let device: UInt64
  let inode: UInt64
  let bytes: Int
  let seconds: Int
  let nanoseconds: Int
  let isRegular: Bool
  let permissions: UInt32

  /// The stamp of the file at `path`, symbolic links followed.
  ///
  /// - Throws: `FileError.unreadable` when there is no such file.
  init(path: String) throws(FileError) {
    var status = stat()
    // Safety: the path is a null-terminated copy and `status` an initialised local; both live through the call.
    guard unsafe stat(path, &status) == 0 else { throw .unreadable(file: path, reason: lastSystemError()) }
    device = UInt64(truncatingIfNeeded: status.st_dev)
    inode = UInt64(truncatingIfNeeded: status.st_ino)
    bytes = Int(status.st_size)
    seconds = status.st_mtim.tv_sec
    nanoseconds = status.st_mtim.tv_nsec
    isRegular = status.st_mode & S_IFMT == S_IFREG
    permissions = UInt32(status.st_mode & 0o777)
  }
}

/// What the last failed system call said.
func lastSystemError() -> String {
  // Safety: `strerror` returns a null-terminated text that is copied before any other call is made.
  unsafe String(cString: strerror(errno))
}

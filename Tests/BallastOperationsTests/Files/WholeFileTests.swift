import BallastOperations
import Foundation
import Testing

@Suite struct WholeFileTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func replacesTheContentAndLeavesNothingBeside() throws {
    let path = try scratch.write("report.json", "old and longer")
    try WholeFile.write("new", to: path)
    #expect(try scratch.text("report.json") == "new")
    #expect(scratch.names == ["report.json"])
  }

  @Test func keepsPermissionsAndFollowsLinks() throws {
    let path = try scratch.write("target", "old")
    try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
    try FileManager.default.createSymbolicLink(atPath: scratch.path("link"), withDestinationPath: path)
    try WholeFile.write("new", to: scratch.path("link"))
    #expect(try scratch.text("target") == "new")
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o666)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: scratch.path("link")) == path)
  }

  @Test func leavesTheOldFileWhenWritingFails() throws {
    try FileManager.default.createDirectory(atPath: scratch.path("folder"), withIntermediateDirectories: true)
    try scratch.write("folder/inside", "kept")
    #expect(throws: FileError.self) { try WholeFile.write("new", to: scratch.path("folder")) }
    #expect(try scratch.text("folder/inside") == "kept")
    #expect(throws: FileError.self) { try WholeFile.write("new", to: scratch.path("missing/report")) }
    #expect(scratch.names == ["folder"])
  }

  @Test func leavesNothingBesideWhenTheDiskIsFull() async {
    // A limit on file sizes stops the write half-way, as a full disk does; it holds for a whole process.
    await #expect(processExitsWith: .success) {
      let scratch = try Scratch()
      let path = try scratch.write("report", "old")
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 1000, rlim_max: 1000)
      try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      #expect(throws: FileError.unwritable(file: path, reason: "File too large")) {
        try WholeFile.write(String(repeating: "new", count: 1000), to: path)
      }
      try #require(scratch.names == ["report"])
      try #require(try scratch.text("report") == "old")
    }
  }

  @Test func saysWhenTheDeviceIsFull() {
    #expect { try WholeFile.write("new", to: "/dev/full") } throws: { error in
      "\(error)" == "/dev/full cannot be written: No space left on device"
    }
  }

  @Test func readsUpToTheLimit() throws {
    let path = try scratch.write("ten", "0123456789")
    #expect(try WholeFile.read(path, limitBytes: 10).count == 10)
    #expect(throws: FileError.tooLarge(file: path, bytes: 10, limitBytes: 9)) {
      try WholeFile.read(path, limitBytes: 9)
    }
  }

  @Test func refusesWhatIsNoFile() throws {
    #expect(throws: FileError.notRegular(file: scratch.folder)) { try WholeFile.read(scratch.folder, limitBytes: 1) }
    #expect(throws: FileError.notRegular(file: "/dev/zero")) { try WholeFile.read("/dev/zero", limitBytes: 1) }
    #expect { try WholeFile.read(scratch.path("missing"), limitBytes: 1) } throws: { error in
      "\(error)".contains("missing cannot be read: No such file")
    }
  }

  @Test func writesThroughToDevices() throws {
    try WholeFile.write("gone", to: "/dev/null")
    #expect(FileManager.default.fileExists(atPath: "/dev/null"))
    #expect(throws: FileError.notRegular(file: "/dev/null")) { try WholeFile.read("/dev/null", limitBytes: 1) }
  }
}

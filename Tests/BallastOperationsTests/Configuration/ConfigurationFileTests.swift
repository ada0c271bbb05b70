import BallastControl
import BallastOperations
import Foundation
import Testing

@Suite struct ConfigurationFileTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func reportsEachChangeOnce() throws {
    let path = try scratch.write("b.yaml", "mode: observe\n")
    var file = try ConfigurationFile(path: path)
    #expect(file.configuration.mode == .observe)
    #expect(file.poll() == .unchanged)
    try WholeFile.write("mode: advise\n", to: path)
    #expect(file.poll() == .changed(BalancerConfiguration(mode: .advise)))
    #expect(file.configuration.mode == .advise)
    #expect(file.poll() == .unchanged)
    try WholeFile.write("# said otherwise\nmode: advise\n", to: path)
    #expect(file.poll() == .unchanged)
  }

  @Test func keepsTheLastGoodOne() throws {
    let path = try scratch.write("b.yaml", "mode: observe\n")
    var file = try ConfigurationFile(path: path)
    try WholeFile.write("mode: perhaps\n", to: path)
    guard case .refused(.outOfRange(_, "mode", "perhaps", _)) = file.poll() else {
      Issue.record("an invalid file was not refused")
      return
    }
    #expect(file.configuration.mode == .observe)
    #expect(file.poll() == .unchanged)
    try WholeFile.write("mode: act\n", to: path)
    #expect(file.poll() == .changed(BalancerConfiguration(mode: .act)))
  }

  @Test func refusesToChangeWhatIsFixed() throws {
    let path = try scratch.write("b.yaml", "laneLimit: 8\n")
    var file = try ConfigurationFile(path: path)
    try WholeFile.write("laneLimit: 9\nmode: observe\n", to: path)
    #expect(file.poll() == .refused(.fixedKey(key: "laneLimit", running: "8", asked: "9")))
    #expect(file.configuration == BalancerConfiguration(laneLimit: 8))
    try WholeFile.write("laneLimit: 8\nmode: observe\n", to: path)
    #expect(file.poll() == .changed(BalancerConfiguration(mode: .observe, laneLimit: 8)))
  }

  @Test func seesTheFileGoAndCome() throws {
    let path = try scratch.write("b.yaml", "mode: observe\n")
    var file = try ConfigurationFile(path: path)
    try FileManager.default.removeItem(atPath: path)
    guard case .refused(.file(.unreadable)) = file.poll() else {
      Issue.record("a missing file was not refused")
      return
    }
    #expect(file.poll() == .unchanged)
    try WholeFile.write("mode: advise\n", to: path)
    #expect(file.poll() == .changed(BalancerConfiguration(mode: .advise)))
  }

  @Test func keepsTheEnvironmentOnTop() throws {
    let path = try scratch.write("b.yaml", "mode: observe\n")
    var file = try ConfigurationFile(path: path, environment: ["BALLAST_MODE": "act"])
    try WholeFile.write("mode: advise\ntickMilliseconds: 5\n", to: path)
    #expect(file.poll() == .changed(BalancerConfiguration(mode: .act, tickMilliseconds: 5)))
  }

  @Test func refusesWhatIsNoText() throws {
    let binary = try scratch.write("binary", [0x6D, 0xFF, 0xFE, 0x00])
    #expect(throws: ConfigurationError.notText(file: binary)) { try ConfigurationFile(path: binary) }
    let large = try scratch.write("large", Array(repeating: 0x23, count: ConfigurationFile.limitBytes + 1))
    #expect(
      throws: ConfigurationError.file(
        .tooLarge(file: large, bytes: ConfigurationFile.limitBytes + 1, limitBytes: ConfigurationFile.limitBytes))
    ) { try ConfigurationFile(path: large) }
    #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: scratch.folder) }
    #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: scratch.path("missing")) }
  }
}

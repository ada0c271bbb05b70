import CBallast
import Testing

struct VersionTests {
  @Test func isThatOfTheHeader() {
    let version = "\(BALLAST_VERSION_MAJOR).\(BALLAST_VERSION_MINOR).\(BALLAST_VERSION_PATCH)"
    #expect(String(cString: ballast_version()) == version)
  }
}

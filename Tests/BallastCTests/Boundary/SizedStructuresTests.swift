import CBallast
import Testing

@testable import BallastC

/// A structure that was shorter once.
private struct Grown: Sized {
  static let name = "grown"
  static let earlierSizes = [8]
  var size: UInt32
  var first: UInt32
  var second: UInt64
}

@Suite struct SizedStructuresTests {
  @Test func membersAnEarlierVersionDidNotHaveAreZero() throws {
    var grown = Grown(size: 8, first: 5, second: 77)
    #expect(try read(&grown).second == 0)
    #expect(try read(&grown).first == 5)
    grown.size = 16
    #expect(try read(&grown).second == 77)
  }

  @Test func otherSizesNullAndWhatIsNotAlignedAreRefused() {
    var grown = Grown(size: 12, first: 5, second: 77)
    #expect { try read(&grown) } throws: { ($0 as? Refusal)?.status == BALLAST_BAD_SIZE }
    #expect { try read(nil as UnsafePointer<Grown>?) } throws: { ($0 as? Refusal)?.status == BALLAST_BAD_POINTER }
    let odd = UnsafePointer<Grown>(bitPattern: 0x1004)
    #expect { try read(odd) } throws: { ($0 as? Refusal)?.status == BALLAST_BAD_POINTER }
  }
}

import CBallast
import Testing

@testable import BallastC

@Suite struct HandlesTests {
  private final class Thing: Sendable {}

  @Test func aHandleNamesItsObjectUntilItIsRemoved() throws {
    let handles = Handles<Thing>(kind: 9, "thing")
    let (first, second) = (Thing(), Thing())
    let names = [handles.add(first), handles.add(second)]
    #expect(names[0] != names[1] && !names.contains(0))
    #expect(try handles.find(names[0]) === first)
    #expect(try handles.remove(names[1]) === second)
    #expect(throws: Refusal.self) { try handles.find(names[1]) }
    #expect(throws: Refusal.self) { try handles.remove(names[1]) }
  }

  @Test func aPlaceUsedAgainHasAnotherName() throws {
    let handles = Handles<Thing>(kind: 9, "thing")
    let old = handles.add(Thing())
    _ = try handles.remove(old)
    let new = handles.add(Thing())
    #expect(old & 0xffff_ffff == new & 0xffff_ffff)
    #expect(old != new)
    #expect(throws: Refusal.self) { try handles.find(old) }
    _ = try handles.find(new)
  }

  @Test func namesOfOtherKindsAndInventedOnesAreRefused() throws {
    let handles = Handles<Thing>(kind: 9, "thing")
    let name = handles.add(Thing())
    for wrong in [0, .max, name ^ 1 << 60, name + 1, name + 1 << 32, UInt64(9) << 60] {
      #expect {
        try handles.find(wrong)
      } throws: {
        ($0 as? Refusal)?.status == BALLAST_STALE_HANDLE && ($0 as? Refusal)?.explanation.contains("thing") == true
      }
    }
  }
}

import Testing

@testable import BallastRuntime

@Suite struct ScratchTests {
  @Test func itGrowsFilledAndKeepsWhatFits() {
    var scratch = Scratch<Int32>(filler: 7)
    #expect(scratch.capacity == 0)
    scratch.makeRoom(3)
    #expect((0..<3).map { scratch[$0] } == [7, 7, 7])
    scratch[1] = 4
    scratch.makeRoom(2)
    #expect(scratch[1] == 4)
    scratch.clear(2)
    #expect(scratch[1] == 7)
    scratch[2] = 1
    scratch.makeRoom(100)
    #expect(scratch.capacity >= 100)
    #expect((0..<100).allSatisfy { scratch[$0] == 7 })
  }
}

import BallastC
import CBallast
import Testing

extension BlockingCalls {
  @Suite struct LoadCallsTests {
    private func load(_ tokens: [UInt64]) throws -> ballast_load {
      var load: ballast_load = 0
      try expectDone(ballast_load_create(1, UInt32(tokens.count), &load))
      try expectDone(ballast_load_add(load, 0, 1, tokens.reduce(0, +), tokens, UInt64(tokens.count)))
      return load
    }

    private func counts(_ load: ballast_load) throws -> [UInt64] {
      var counts = [UInt64](repeating: 0, count: 8)
      var count: UInt64 = 0
      try expectDone(ballast_load_counts(load, 1, &counts, 8, &count))
      return Array(counts.prefix(Int(count)))
    }

    @Test func survivesSerialisation() throws {
      let first = try load([1, 2, 3])
      var bytes = [UInt8](repeating: 0, count: 4096)
      var count: UInt64 = 0
      #expect(ballast_load_serialise(first, nil, 0, &count) == BALLAST_BUFFER_TOO_SMALL)
      let needed = count
      try expectDone(ballast_load_serialise(first, &bytes, needed, &count))
      #expect(count == needed)
      var second: ballast_load = 0
      try expectDone(ballast_load_deserialise(bytes, count, &second))
      try expectDone(ballast_load_merge(first, second))
      #expect(try counts(first) == [2, 4, 6])
      try expectDone(ballast_load_destroy(first))
      try expectDone(ballast_load_destroy(second))
    }

    @Test func refusesEveryTruncationAndEveryDamagedByte() throws {
      let load = try load([1, 2, 3])
      var bytes = [UInt8](repeating: 0, count: 4096)
      var count: UInt64 = 0
      try expectDone(ballast_load_serialise(load, &bytes, 4096, &count))
      var other: ballast_load = 0
      for length in 0..<count { #expect(ballast_load_deserialise(bytes, length, &other) == BALLAST_BAD_BYTES) }
      for place in 0..<Int(count) {
        bytes[place] ^= 0x10
        #expect(ballast_load_deserialise(bytes, count, &other) == BALLAST_BAD_BYTES)
        bytes[place] ^= 0x10
      }
      #expect(other == 0)
    }

    @Test func refusesOtherShapesAndWhatCannotBeCounted() throws {
      let load = try load([1, 2, 3])
      let other = try self.load([1, 2])
      #expect(ballast_load_merge(load, other) == BALLAST_BAD_VALUE)
      #expect(ballast_load_add(load, 1, 1, 0, [0, 0, 0], 3) == BALLAST_BAD_VALUE)
      #expect(ballast_load_add(load, 0, 2, 0, [0, 0, 0], 3) == BALLAST_BAD_VALUE)
      #expect(ballast_load_add(load, 0, 1, .max, [.max, 0, 0], 3) == BALLAST_BAD_VALUE)
      #expect(try counts(load) == [1, 2, 3])
      var huge: ballast_load = 0
      #expect(ballast_load_create(65_535, 65_535, &huge) == BALLAST_BAD_VALUE)
    }
  }
}

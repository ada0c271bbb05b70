import BallastC
import CBallast
import Testing

extension BlockingCalls {
  @Suite struct DispatchWritingTests {
    @Test func aBufferTooSmallChangesNothingAndSaysWhatIsNeeded() throws {
      let engine = try Embedder()
      var dispatch = ballast_dispatch()
      dispatch.size = UInt32(MemoryLayout<ballast_dispatch>.stride)
      var rows = [Int32](repeating: -1, count: 128)
      let status = rows.withUnsafeMutableBufferPointer { rows in
        dispatch.rows = rows.baseAddress
        dispatch.entry_capacity = 127
        return Embedder.withSelection { ballast_lane_dispatch(engine.lane, 0, &$0, &dispatch) }
      }
      #expect(status == BALLAST_BUFFER_TOO_SMALL)
      #expect(dispatch.entry_count == 128)
      #expect(rows.allSatisfy { $0 == -1 })
      #expect(try engine.statistics.tokens == 0)
    }

    @Test(arguments: ["null", "size", "reserved", "runs", "device_runs", "rows", "device_times"])
    func refuses(_ member: String) throws {
      let engine = try Embedder()
      var dispatch = ballast_dispatch()
      dispatch.size = UInt32(MemoryLayout<ballast_dispatch>.stride)
      switch member {
      case "size": dispatch.size = 8
      case "reserved": dispatch.reserved = 1
      case "runs": dispatch.runs = UnsafeMutablePointer(bitPattern: 0x1001)
      case "device_runs": dispatch.device_runs = UnsafeMutablePointer(bitPattern: 0x1002)
      case "rows": dispatch.rows = UnsafeMutablePointer(bitPattern: 0x1003)
      case "device_times": dispatch.device_times = UnsafeMutablePointer(bitPattern: 0x1004)
      default: break
      }
      let status = Embedder.withSelection { selection in
        member == "null"
          ? ballast_lane_dispatch(engine.lane, 0, &selection, nil)
          : ballast_lane_dispatch(engine.lane, 0, &selection, &dispatch)
      }
      #expect(status == (["size", "reserved"].contains(member) ? BALLAST_BAD_SIZE : BALLAST_BAD_POINTER))
      #expect(try engine.statistics.tokens == 0)
    }

    @Test func whatIsNotWantedNeedsNoRoom() throws {
      let engine = try Embedder()
      var dispatch = ballast_dispatch()
      dispatch.size = UInt32(MemoryLayout<ballast_dispatch>.stride)
      try expectDone(Embedder.withSelection { ballast_lane_dispatch(engine.lane, 0, &$0, &dispatch) })
      #expect(dispatch.entry_count == 128 && dispatch.device_count == 4 && dispatch.run_count > 0)
      #expect(try engine.statistics.tokens == UInt64(Embedder.tokens))
    }
  }
}

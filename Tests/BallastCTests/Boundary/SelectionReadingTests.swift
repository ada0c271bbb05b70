import BallastC
import CBallast
import Testing

extension BlockingCalls {
  @Suite struct SelectionReadingTests {
    @Test func refusesWhatTheGateCannotHaveChosen() throws {
      let engine = try Embedder()
      var outOfRange = Embedder.chosen
      outOfRange[3] = 8
      #expect(Embedder.withSelection(outOfRange) { ballast_lane_record(engine.lane, 0, &$0) } == BALLAST_BAD_VALUE)
      #expect(explanation.contains("expert 8 was chosen; the layer has experts 0 to 7"))
      outOfRange[3] = -1
      #expect(Embedder.withSelection(outOfRange) { ballast_lane_record(engine.lane, 0, &$0) } == BALLAST_BAD_VALUE)
      #expect(Embedder.withSelection { ballast_lane_record(engine.lane, 2, &$0) } == BALLAST_BAD_VALUE)
      #expect(try engine.statistics.tokens == 0)
    }

    @Test(arguments: [
      "size", "expert_bytes", "experts", "alignment", "phase", "uncounted", "rows", "mask", "least_precision", "gates",
    ])
    func refuses(_ member: String) throws {
      let engine = try Embedder()
      let bytes = [UInt8](repeating: 9, count: 64)
      let floats = [Float](repeating: .nan, count: 128)
      let status = Embedder.withSelection { selection in
        bytes.withUnsafeBufferPointer { bytes in
          floats.withUnsafeBufferPointer { floats in
            switch member {
            case "size": selection.size -= 1
            case "expert_bytes": selection.expert_bytes = 3
            case "experts": selection.experts = nil
            case "alignment": selection.experts = selection.experts?.advanced(by: 1)
            case "phase": selection.phase = 2
            case "uncounted": selection.uncounted = 2
            case "rows": selection.experts_per_token = 0
            case "mask": selection.mask = bytes.baseAddress
            case "least_precision": selection.least_precision = bytes.baseAddress
            default: selection.gates = floats.baseAddress
            }
            return ballast_lane_record(engine.lane, 0, &selection)
          }
        }
      }
      #expect(status != BALLAST_OK)
      #expect(!explanation.isEmpty)
      #expect(try engine.statistics.tokens == 0)
    }

    @Test func raggedMaskedRowsReachTheirRuns() throws {
      let engine = try Embedder()
      let experts: [UInt8] = [0, 1, 2, 5, 7]
      let starts: [Int32] = [0, 2, 2, 3, 5]
      let mask: [UInt8] = [1, 1, 0, 1]
      var rows = [Int32](repeating: -1, count: 8)
      var runs = Array(repeating: ballast_run(), count: 8)
      var dispatch = ballast_dispatch()
      var selection = ballast_selection()
      selection.size = UInt32(MemoryLayout<ballast_selection>.stride)
      dispatch.size = UInt32(MemoryLayout<ballast_dispatch>.stride)
      (selection.tokens, selection.expert_bytes) = (4, 1)
      (dispatch.entry_capacity, dispatch.run_capacity) = (8, 8)
      let status = experts.withUnsafeBufferPointer { experts in
        starts.withUnsafeBufferPointer { starts in
          mask.withUnsafeBufferPointer { mask in
            rows.withUnsafeMutableBufferPointer { rows in
              runs.withUnsafeMutableBufferPointer { runs in
                selection.experts = UnsafeRawPointer(experts.baseAddress)
                (selection.row_starts, selection.mask) = (starts.baseAddress, mask.baseAddress)
                (dispatch.rows, dispatch.runs) = (rows.baseAddress, runs.baseAddress)
                return ballast_lane_dispatch(engine.lane, 1, &selection, &dispatch)
              }
            }
          }
        }
      }
      try expectDone(status)
      #expect(dispatch.entry_count == 4)
      let met = runs.prefix(Int(dispatch.run_count)).flatMap { run in
        (run.first_entry..<run.first_entry + run.entry_count).map { [Int32(run.expert), rows[Int($0)]] }
      }
      #expect(Set(met) == [[0, 0], [1, 0], [5, 3], [7, 3]])
    }
  }
}

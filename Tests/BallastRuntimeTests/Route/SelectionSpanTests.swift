import Testing

@testable import BallastRuntime

@Suite struct SelectionSpanTests {
  /// What the checks say of these experts, two a token, of a layer of `experts`.
  private func refusal<ID: FixedWidthInteger & BitwiseCopyable>(
    _ ids: [ID], gates: [Float]? = nil, expertsPerToken: Int = 2, of experts: Int = 4, mask: [Bool]? = nil
  ) -> SelectionError? {
    do throws(SelectionError) {
      let gates = gates ?? ids.map { _ in 1 }
      if let mask {
        _ = try SelectionSpan(
          experts: ids.span, gates: gates.span, rows: .uniform(expertsPerToken), expertsPerLayer: experts,
          traits: .shared(TokenTraits(phase: .decode)), mask: mask.span)
      } else {
        _ = try SelectionSpan(
          experts: ids.span, gates: gates.span, rows: .uniform(expertsPerToken), expertsPerLayer: experts,
          traits: .shared(TokenTraits(phase: .decode)))
      }
      return nil
    } catch {
      return error
    }
  }

  private func refusal(starts: [Int32], traits: Int? = nil) -> SelectionError? {
    let ids: [UInt8] = [0, 1, 2, 3]
    let each = Array(repeating: TokenTraits(phase: .decode), count: traits ?? max(starts.count - 1, 0))
    do throws(SelectionError) {
      _ = try SelectionSpan(
        experts: ids.span, rows: .ragged(starts: starts.span), expertsPerLayer: 4, traits: .each(each.span))
      return nil
    } catch {
      return error
    }
  }

  @Test func expertsOutOfRangeAreNamedAtAnyWidth() {
    #expect(refusal([0, 3, 4, 1] as [UInt8]) == .expertOutOfRange(expert: 4, expertsPerLayer: 4))
    #expect(refusal([0, 3, 2, -1] as [Int8]) == .expertOutOfRange(expert: -1, expertsPerLayer: 4))
    #expect(refusal([0, -1] as [Int8], of: 256) == .expertOutOfRange(expert: -1, expertsPerLayer: 256))
    #expect(
      refusal([0, -32_768] as [Int16], of: 65_535) == .expertOutOfRange(expert: -32_768, expertsPerLayer: 65_535))
    #expect(refusal([65_535, 0] as [UInt16], of: 65_535) == .expertOutOfRange(expert: 65_535, expertsPerLayer: 65_535))
    #expect(refusal([.min, 0] as [Int32]) == .expertOutOfRange(expert: Int(Int32.min), expertsPerLayer: 4))
    #expect(refusal([.max, 0] as [UInt64]) == .expertOutOfRange(expert: .max, expertsPerLayer: 4))
    #expect(refusal([0, 0] as [Int128]) == .expertWidth(bytes: 16))
    #expect(refusal([0, 0] as [Int], of: 0) == .expertOutOfRange(expert: 0, expertsPerLayer: 0))
    #expect(refusal([0, 255] as [UInt8], of: 256) == nil)
    #expect(refusal([127, 0] as [Int8], of: 256) == nil)
    #expect(refusal([3, 3] as [Int]) == nil)
    #expect(refusal([] as [Int32]) == nil)
  }

  /// Numbers are checked many at a time: wherever the bad one stands, it is found.
  @Test(arguments: [0, 1, 7, 8, 31, 32, 63, 64, 65, 127, 128, 129])
  func anExpertOutOfRangeIsFoundAnywhere(place: Int) {
    for experts in [100, 128] {
      func check<ID: FixedWidthInteger & BitwiseCopyable>(_: ID.Type) {
        var ids = Array(repeating: ID(99), count: 130)
        #expect(refusal(ids, of: experts) == nil)
        ids[place] = ID(experts)
        #expect(refusal(ids, of: experts) == .expertOutOfRange(expert: experts, expertsPerLayer: experts))
      }
      check(UInt8.self)
      check(Int16.self)
      check(Int32.self)
      check(UInt64.self)
    }
  }

  @Test func rowsGatesAndMaskMustFit() {
    #expect(refusal([0, 1, 2] as [Int32]) == .unevenRows(assignments: 3, expertsPerToken: 2))
    for count in [0, -1, Int.min] {
      #expect(
        refusal([0, 1] as [Int32], expertsPerToken: count) == .unevenRows(assignments: 2, expertsPerToken: count))
    }
    #expect(refusal([0, 1] as [Int32], gates: [1]) == .gateCount(gates: 1, assignments: 2))
    for gate in [Float.nan, .infinity, -.infinity, .signalingNaN] {
      #expect(refusal([0, 1] as [Int32], gates: [1, gate]) == .gateNotFinite(assignment: 1))
    }
    #expect(refusal([0, 1] as [Int32], gates: [-0.0, .greatestFiniteMagnitude]) == nil)
    #expect(refusal([0, 1] as [Int32], mask: [true, true]) == .tokenCount(name: "mask", count: 2, tokens: 1))
  }

  @Test func raggedRowsMustTileTheChoices() {
    #expect(refusal(starts: []) == .rowStart(token: 0))
    #expect(refusal(starts: [1, 4]) == .rowStart(token: 0))
    #expect(refusal(starts: [0, 3, 2, 4]) == .rowStart(token: 2))
    #expect(refusal(starts: [0, 3]) == .rowStart(token: 1))
    #expect(refusal(starts: [0, 5]) == .rowStart(token: 1))
    #expect(refusal(starts: [0, -1, 4]) == .rowStart(token: 1))
    #expect(refusal(starts: [0, 4], traits: 2) == .tokenCount(name: "traits", count: 2, tokens: 1))
    #expect(refusal(starts: [0, 0, 4, 4]) == nil)
  }

  @Test func messagesNameValueAndLimit() {
    #expect(SelectionError.expertWidth(bytes: 16).description == "expert numbers of 16 bytes; give them 1, 2, 4 or 8")
    #expect(
      SelectionError.tokenCount(name: "mask", count: 2, tokens: 1).description == "mask has 2 values for 1 tokens")
    #expect(SelectionError.rowStart(token: 3).description.contains("row start 3"))
  }
}

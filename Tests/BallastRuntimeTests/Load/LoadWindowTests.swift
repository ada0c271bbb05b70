import BallastRuntime
import Testing

@Suite struct LoadWindowTests {
  /// A snapshot at `seconds` by when `tokens` had chosen expert 0.
  private func snapshot(_ seconds: Int, tokens: Int) throws -> LoadSnapshot {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: 1, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .float32)
    let counters = LoadCounters(lanes: 1, shape: shape)
    if tokens > 0 {
      var selection = Selection(expertsPerLayer: 1)
      let experts = Array(repeating: 0, count: tokens)
      let gates = Array(repeating: Float(1), count: tokens)
      try selection.append(
        experts: experts.span, gates: gates.span, expertsPerToken: 1, traits: TokenTraits(phase: .decode))
      counters.record(selection, layer: LayerID(0), lane: 0)
    }
    return LoadSnapshot(time: .seconds(seconds), totals: counters.totals())
  }

  private func load(_ window: LoadWindow) -> UInt64? { window.load?[.decode, LayerID(0), ExpertID(0)] }

  @Test func twoSnapshotsMakeALoad() throws {
    var window = LoadWindow(length: .tokens(100))
    #expect(window.load == nil && !window.isFull)
    window.slide(to: try snapshot(0, tokens: 7))
    #expect(window.load == nil)
    window.slide(to: try snapshot(1, tokens: 17))
    #expect(load(window) == 10)
    #expect(!window.isFull)
  }

  @Test func tokensDecideHowFarItReaches() throws {
    var window = LoadWindow(length: .tokens(100))
    for (second, tokens) in [0, 60, 120, 180, 240].enumerated() {
      window.slide(to: try snapshot(second, tokens: tokens))
    }
    #expect(load(window) == 120)
    #expect(window.isFull)
    window.length = .tokens(50)
    window.slide(to: try snapshot(5, tokens: 300))
    #expect(load(window) == 60)
  }

  @Test func timeDecidesHowFarItReaches() throws {
    var window = LoadWindow(length: .time(.seconds(10)))
    for second in 0...7 { window.slide(to: try snapshot(second * 4, tokens: second * 100)) }
    // The shortest stretch of whole snapshots that is at least 10 s long: 12 s, 3 steps of 100 tokens.
    #expect(load(window) == 300)
    #expect(window.isFull)
  }

  @Test func silenceLetsTheLoadFade() throws {
    var window = LoadWindow(length: .time(.seconds(2)))
    window.slide(to: try snapshot(0, tokens: 0))
    window.slide(to: try snapshot(1, tokens: 50))
    for second in 2...6 { window.slide(to: try snapshot(second, tokens: 50)) }
    #expect(load(window) == 0)
  }

  @Test func itSaysHowManySlidesItSpans() throws {
    var window = LoadWindow(length: .tokens(100))
    #expect(window.slides == 0)
    for (second, tokens) in [0, 60, 120, 180, 240].enumerated() {
      window.slide(to: try snapshot(second, tokens: tokens))
    }
    #expect(window.slides == 2)
  }

  @Test func countsThatRunBackwardsAreLessThanTheWindow() throws {
    var window = LoadWindow(length: .tokens(10))
    for (second, tokens) in [0, 60, 20, 25].enumerated() { window.slide(to: try snapshot(second, tokens: tokens)) }
    #expect(window.isFull)
    #expect(load(window) == 25)
  }

  @Test func aFadingWindowHalvesWithEveryHalfLife() throws {
    var window = LoadWindow(length: .fading(halfLife: .seconds(4)))
    #expect(window.load == nil && window.slides == 0 && !window.isFull)
    window.slide(to: try snapshot(0, tokens: 50))
    #expect(window.load == nil && !window.isFull)
    window.slide(to: try snapshot(4, tokens: 1_050))
    #expect(load(window) == 1_000)
    #expect(window.slides == 1 && window.isFull)
    window.slide(to: try snapshot(8, tokens: 1_150))
    #expect(load(window) == 600)
    window.slide(to: try snapshot(10, tokens: 1_150))
    #expect(load(window) == 424)
    window.slide(to: try snapshot(410, tokens: 1_157))
    #expect(load(window) == 7)
    #expect(window.slides == 1)
  }

  @Test func aFadingWindowBearsAnyTime() throws {
    for halfLife in [Duration.zero, .seconds(-1)] {
      var window = LoadWindow(length: .fading(halfLife: halfLife))
      for (second, tokens) in [0, 60, 20, 25].enumerated() {
        window.slide(to: try snapshot(9 - second, tokens: tokens))
      }
      #expect(load(window) == 5)
    }
  }

  @Test func anotherLengthTakesOverAtTheNextSlide() throws {
    var window = LoadWindow(length: .fading(halfLife: .seconds(1)))
    for second in 0...3 { window.slide(to: try snapshot(second, tokens: second * 100)) }
    window.length = .time(.seconds(1))
    window.slide(to: try snapshot(4, tokens: 400))
    #expect(load(window) == 100)
    window.length = .fading(halfLife: .seconds(1))
    window.slide(to: try snapshot(5, tokens: 500))
    #expect(load(window) == 100)
  }
}

import Testing

@testable import BallastOperations

@Suite struct PlotScaleTests {
  static let ranges: [[Double]] = [
    [0, 1], [0, 0], [5, 5], [-3, 7], [1e-9, 2e-9], [1e9, 3e9], [0, 1e99], [-1e99, 1e99], [1, 1 + 1e-15], [1e-80, 2],
    [.nan, 1], [.infinity, 2, 3], [0.001, 1000],
  ]

  @Test(arguments: ranges, [PlotAxis.Scale.linear, .logarithmic])
  func coversTheValuesWithFewTicks(_ values: [Double], _ scale: PlotAxis.Scale) throws {
    guard let laid = PlotScale(PlotAxis("x", scale: scale), values: values) else {
      #expect(scale == .logarithmic && values == [0, 0])
      return
    }
    #expect((1...30).contains(laid.ticks.count))
    for value in values where laid.shows(value) { #expect((-0.001...1.001).contains(laid.share(value))) }
    for tick in laid.ticks { #expect((-0.001...1.001).contains(laid.share(tick))) }
    #expect(laid.ticks.allSatisfy { !laid.label($0).isEmpty })
  }

  @Test func labelsAreAsExactAsTicksAreApart() throws {
    let scale = try #require(PlotScale(PlotAxis("x"), values: [1, 1.1]))
    #expect(scale.ticks.map(scale.label) == ["1", "1.02", "1.04", "1.06", "1.08", "1.1"])
    let wide = try #require(PlotScale(PlotAxis("x", includes: 0), values: [90_000]))
    #expect(wide.ticks.map(wide.label) == ["0", "20k", "40k", "60k", "80k", "100k"])
    let nothing = try #require(PlotScale(PlotAxis("x", includes: 0), values: [0]))
    #expect(nothing.ticks.first == 0)
    let decades = try #require(PlotScale(PlotAxis("x", scale: .logarithmic), values: [1, 10_000]))
    #expect(decades.ticks.map(decades.label) == ["1", "10", "100", "1000", "10k"])
  }

  @Test func hasNothingToShowWithoutValues() {
    #expect(PlotScale(PlotAxis("x", includes: 0), values: []) == nil)
    #expect(PlotScale(PlotAxis("x"), values: [.nan, .infinity]) == nil)
    #expect(PlotScale(PlotAxis("x", scale: .logarithmic), values: [0, -1]) == nil)
  }

  @Test(arguments: [
    (0.0, "0"), (1.0, "1"), (1.25, "1.25"), (1234.56, "1234.6"), (12_345, "12.35k"), (2.5e9, "2.5G"),
    (0.0123, "0.0123"),
    (1e-7, "1e-07"), (-20_000, "-20k"), (.nan, "–"), (1e20, "1e+20"),
  ])
  func shortensNumbers(_ number: Double, _ text: String) {
    #expect(shortNumber(number) == text)
  }
}

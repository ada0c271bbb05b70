import BallastOperations

extension RecoveryStudy.Result {
  /// A row a tick.
  var table: ReportTable {
    ReportTable(
      columns: [
        "tick", "domain", "experts resident, %", "of the need, %", "substituted, %", "from storage, %", "staged",
        "more bits, %",
      ],
      rows: ticks.map {
        [
          "\($0.tick)", $0.domain, fixed($0.residentExperts * 100, 1), fixed($0.residentNeed * 100, 1),
          fixed($0.substituted * 100, 1), fixed($0.stored * 100, 1), "\($0.replicasStaged)", fixed($0.increase, 2),
        ]
      })
  }

  /// What is evicted of the need, what is not served by what it chose, and what that costs.
  var plot: LinePlot {
    let x = ticks.map { Double($0.tick) }
    return LinePlot(
      title: "A change of domain at tick \(changeTick)", x: PlotAxis("tick"),
      y: PlotAxis("share, or more bits per byte", unit: "%", includes: 0),
      series: [
        PlotSeries("need that is evicted", x: x, y: ticks.map { (1 - $0.residentNeed) * 100 }),
        PlotSeries("choices substituted", x: x, y: ticks.map { $0.substituted * 100 }),
        PlotSeries("choices from storage", x: x, y: ticks.map { $0.stored * 100 }),
        PlotSeries("more bits per byte", x: x, y: ticks.map(\.increase)),
      ])
  }
}

extension RecoveryStudy.Tick {
  /// Per cent more bits a byte than with every expert resident.
  var increase: Double { fullBitsPerByte > 0 ? (bitsPerByte / fullBitsPerByte - 1) * 100 : 0 }
}

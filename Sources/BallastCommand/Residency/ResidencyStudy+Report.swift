import BallastOperations

extension ResidencyStudy.Result {
  /// Per cent more bits than with every expert resident, mean over domains, `[fraction]`.
  func increase(_ ordering: ExpertOrdering) -> [Double] {
    fractions.indices.map { place in
      mean { ($0.curves[ordering.rawValue]?[place] ?? 0) / $0.bitsPerByte * 100 - 100 }
    }
  }

  /// The mean over domains.
  func mean(_ value: (ResidencyStudy.Domain) -> Double) -> Double {
    domains.values.reduce(0) { $0 + value($1) } / Double(max(1, domains.count))
  }

  /// A row a domain, the mean last: per cent more bits at the middle fraction.
  var table: ReportTable {
    let place = fractions.firstIndex(of: ResidencyStudy.middle) ?? 0
    func more(_ domain: ResidencyStudy.Domain, _ bits: Double) -> String {
      fixed((bits / domain.bitsPerByte - 1) * 100, 2)
    }
    let columns =
      ["domain", "bits per byte"] + ExpertOrdering.allCases.map { "\($0.name), %" }
      + ["other domains', %", "substituted, %", "from storage: choices, %", "and bits, %"]
    let rows = domains.sorted { $0.key < $1.key }.map { name, domain in
      [name, fixed(domain.bitsPerByte, 5)]
        + ExpertOrdering.allCases.map { more(domain, domain.curves[$0.rawValue]?[place] ?? 0) }
        + [
          more(domain, domain.otherDomains), fixed(domain.substituted[place] * 100, 1),
          fixed(domain.storedShare * 100, 1), more(domain, domain.stored),
        ]
    }
    let last =
      ["mean", fixed(mean(\.bitsPerByte), 5)] + ExpertOrdering.allCases.map { fixed(increase($0)[place], 2) }
      + [
        fixed(mean { $0.otherDomains / $0.bitsPerByte * 100 - 100 }, 2),
        fixed(mean { $0.substituted[place] } * 100, 1), fixed(mean(\.storedShare) * 100, 1),
        fixed(mean { $0.stored / $0.bitsPerByte * 100 - 100 }, 2),
      ]
    return ReportTable(
      title: "half of the experts resident: more bits per byte than with all", columns: columns, rows: rows + [last])
  }

  /// A row a fraction: per cent more bits, mean over domains.
  var fractionTable: ReportTable {
    ReportTable(
      title: "mean over domains: more bits per byte than with all experts resident",
      columns: ["resident, %"] + ExpertOrdering.allCases.map { "\($0.name), %" } + ["substituted, %"],
      rows: fractions.indices.map { place in
        [fixed(fractions[place] * 100, 1)] + ExpertOrdering.allCases.map { fixed(increase($0)[place], 2) }
          + [fixed(mean { $0.substituted[place] } * 100, 1)]
      })
  }

  /// A line an ordering.
  var plot: LinePlot {
    LinePlot(
      title: "Experts resident", x: PlotAxis("share of experts resident", unit: "%"),
      y: PlotAxis("more bits per byte", unit: "%", includes: 0),
      series: ExpertOrdering.allCases.map {
        PlotSeries($0.name, x: fractions.map { $0 * 100 }, y: increase($0))
      })
  }
}

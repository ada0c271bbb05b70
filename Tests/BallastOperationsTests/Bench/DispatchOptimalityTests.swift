import Testing

@testable import BallastOperations

/// Drawn instances on which moving one expert at a time comes to rest far from the optimum.
@Suite struct DispatchOptimalityTests {
  /// By seed: the solver's optimum in nanoseconds where touching is free and precisions are mixed within devices.
  private static let tokens: [UInt64: Double] = [
    25: 24704.8, 61: 149662.7, 63: 6718.9, 89: 30609.0, 117: 658.5, 185: 58091.7, 193: 162044.5, 195: 83262.2,
    217: 215383.7, 271: 54871.5, 327: 6224.3, 335: 43487.1, 435: 52484.4, 447: 129294.3, 489: 11487.1,
    511: 211351.0, 531: 176235.7, 543: 57554.1, 585: 3166.5, 683: 7282.7, 689: 189785.0, 691: 948923.1,
    699: 814.4, 743: 17208.7, 763: 2871.1, 783: 48251.7, 801: 3709.1, 809: 35232.4, 827: 15814.7, 851: 11406.4,
    857: 118525.2, 863: 14404.9, 877: 114323.4, 881: 80288.1, 891: 164995.2, 905: 12648.6, 943: 3623.3,
    945: 129858.3, 961: 121437.6, 995: 17992.3, 1003: 12081.8, 1007: 59099.1, 1019: 5964.2, 1051: 53903.2,
    1083: 25394.8, 1121: 92747.2, 1133: 56834.5, 1151: 2226.8, 1159: 1655.0, 1165: 197821.8, 1167: 2283.8,
    1181: 11170.7, 1183: 16211.4,
  ]

  /// By seed: the solver's lower bound in nanoseconds where touching costs.
  private static let activation: [UInt64: Double] = [
    6: 20287.6, 70: 371486.7, 110: 137627.0, 216: 4293.0, 272: 84737.3, 306: 26558.5, 390: 150341.0,
    414: 19370.4, 514: 145806.6, 576: 6023.0, 584: 58794.8, 592: 2407.4, 612: 33426.5, 614: 69989.0,
    616: 2815257.4, 628: 71423.5, 644: 92977.5, 762: 40897.8, 830: 35012.2, 840: 52267.0, 1042: 29047.2,
    1064: 42740.5, 1072: 243268.3, 1092: 55825.0, 1098: 465510.6, 1108: 10712.7,
  ]

  @Test func itemsTradePlacesWhereTheirCostsDiffer() async throws {
    for (seed, optimum) in Self.tokens {
      let instance = try await DispatchInstance.drawn(.tokens, seed: seed)
      let token = instance.perToken.max() ?? 0
      #expect(instance.longest <= optimum * 1.01 + token + 0.1, "seed \(seed)")
      #expect(instance.longest >= optimum - 0.1, "seed \(seed)")
    }
  }

  @Test func activationsAreSavedTogether() async throws {
    for (seed, bound) in Self.activation {
      let instance = try await DispatchInstance.drawn(.activation, seed: seed)
      #expect(instance.longest <= bound * 1.05 + 0.1, "seed \(seed)")
    }
  }
}

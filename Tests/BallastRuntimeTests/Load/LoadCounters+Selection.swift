@testable import BallastRuntime

extension LoadCounters {
  /// Counts a selection as a lane does.
  func record(_ selection: Selection, layer: LayerID, round: RoundID = .first, lane: Int) {
    var load = BatchLoad()
    load.count(selection.span)
    record(load, layer: layer, round: round, lane: lane)
  }
}

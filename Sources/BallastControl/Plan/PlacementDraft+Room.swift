import BallastRuntime

extension PlacementDraft {
  /// The change that adds `copy`, with the demotions and drops on its device that make room for it, least harm first.
  ///
  /// - Returns: nil when the device cannot make that much room in this layer.
  func adding(_ copy: Replica, _ survey: LayerSurvey) -> LayerChange? {
    var change = LayerChange(layer: survey.layer, added: [copy])
    var missing = shape.bytesPerExpert[copy.precision] - residentRoom(copy.device)
    guard missing > 0 else { return change }
    for replica in survey.leastHarmful(on: copy.device) where missing > 0 && replica.residency == .resident {
      if survey.isSurplus(replica), survey.tokens(of: replica) * 2 <= survey.tokens(of: copy.expert) {
        change.removed.append(replica)
        missing -= shape.bytesPerExpert[replica.precision]
      } else if let lowest = limits.precisions.last, replica.precision.rawValue < lowest.rawValue {
        change.removed.append(replica)
        change.added.append(replica.resident(at: lowest))
        missing -= shape.bytesPerExpert[replica.precision] - shape.bytesPerExpert[lowest]
      }
    }
    return missing <= 0 ? change : nil
  }
}

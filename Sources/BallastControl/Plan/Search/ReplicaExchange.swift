/// One or two places that get another expert, in one layer.
struct ReplicaExchange {
  /// A place, and the expert it gets.
  struct Half {
    let place: Int
    let expert: Int
  }

  /// The first place.
  let first: Half
  /// The place that gets what the first one had, when two experts change places; otherwise the first place's expert
  /// loses a copy.
  let second: Half?
  /// More than what it can gain, its price taken off.
  let bound: Float
  /// What it must gain to pay.
  let price: Float
}

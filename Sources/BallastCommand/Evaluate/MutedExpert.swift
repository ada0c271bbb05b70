import BallastRuntime

/// An expert that answers 0 to everything: what leaving it out means.
struct MutedExpert: Hashable, Sendable {
  let layer: LayerID
  let expert: ExpertID
}

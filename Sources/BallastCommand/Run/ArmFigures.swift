/// What one arm did on one request list.
struct ArmFigures: Codable {
  /// Step times that this share of steps does not exceed, in milliseconds.
  struct Percentiles: Codable {
    var p50: Double
    var p99: Double
    var p999: Double
  }

  /// Imbalances, as means over layers and batches.
  struct Imbalance: Codable {
    /// Experts · busiest expert / total.
    var expert: Double
    /// Experts · busiest replica / total.
    var replica: Double
    /// Maximum over mean device cost.
    var device: Double
  }

  /// Tokens served a second, prompts and continuations.
  var tokensPerSecond: Double
  /// All steps.
  var stepMilliseconds: Percentiles
  /// The part of each step that counted, routed and computed experts.
  var expertMilliseconds: Percentiles
  /// Steps during which a plan was staged, published or retired; nil when there was none.
  var stepMillisecondsWhileApplying: Percentiles?
  /// How many those were.
  var stepsWhileApplying: Int
  /// All steps.
  var steps: Int
  /// Experts · busiest expert / total, mean over layers and batches.
  var expertImbalance: Double
  /// Experts · busiest replica / total, mean over layers and batches.
  var replicaImbalance: Double
  /// Maximum over mean device cost, mean over layers and batches.
  var deviceImbalance: Double
  /// `[round]`: the same, of each round of a layer.
  var imbalanceByRound: [Imbalance]
  /// The most expert weights and scales took, staging included.
  var bytes: Int
  /// What they may take.
  var budgetBytes: Int
  /// Beyond that, what the allocator held.
  var overheadBytes: Int
  /// Mean surprise of a served byte.
  var bitsPerByte: Double
  /// Share of served bytes predicted right.
  var nextByteAccuracy: Double
  /// Mean experts of a token, all layers alike.
  var meanExperts: Double
  /// Share of tokens that needed an exact replica; nil when the gate asks for none.
  var escalatedShare: Double?
  /// Share of all choices that needed a more exact replica than their expert has.
  var unmetShare: Double
  /// The most requests that waited at once; nil when none arrives by the clock.
  var mostWaiting: Int?
  /// Times the gate was told to spend less, or more again.
  var reliefSteps = 0
  /// Plans published.
  var plansApplied: Int
  /// Steps that publishing, staging or retiring delayed by more than 50 µs.
  var stepsWaited: Int
  /// Share of experts with a replica in device memory, at the end.
  var residentShare: Double
  /// Share of the tokens' choices that a stored replica served.
  var storedShare: Double
  /// Share of the tokens' choices that another expert served, since the chosen one was not resident.
  var substitutedShare: Double
  /// Share of replicas at each precision.
  var precisionShare: [String: Double]
  /// Share of one core the control loop's own thinking took.
  var controlCoreShare: Double
}

public import BallastRuntime

/// A precision for each expert, one copy each, that loses as little quality as possible inside a number of bytes.
///
/// What an expert loses at a precision is its importance times its measured error, as in every plan.
public struct PrecisionMix: Hashable, Sendable {
  // Algorithm: each expert has a convex staircase of precisions, from the fewest bytes up; of all steps those that take
  // away most harm for their bytes are made first, as long as they fit. Equal ones go by layer and expert.

  /// `[layer][expert]`.
  public private(set) var precisions: [[Precision]]
  /// What all of them take.
  public private(set) var bytes: Int

  private struct Step {
    let layer: Int
    let expert: Int
    let precision: Precision
    let bytes: Int
    let harm: Double

    var worth: Double { harm / Double(bytes) }
  }

  /// Chooses.
  ///
  /// - Parameters:
  ///   - shape: The model.
  ///   - allowed: Precisions to choose from, in any order; what is better than the model's full precision is left out.
  ///   - importance: `[layer][expert]`, comparable over all layers; at least 0.
  ///   - errors: What each precision costs each expert.
  ///   - budgetBytes: What the experts may take together.
  /// - Throws: `PrecisionMixError.tooSmall` when the experts do not fit even at the least bytes.
  public init(
    shape: ModelShape, allowed: [Precision], importance: [[Double]], errors: ErrorEstimate, budgetBytes: Int
  ) throws(PrecisionMixError) {
    let choices = Set(allowed).filter { $0.rawValue >= shape.fullPrecision.rawValue }
    let ordered = choices.sorted { (shape.bytesPerExpert[$0], $1.rawValue) < (shape.bytesPerExpert[$1], $0.rawValue) }
    let least = ordered.first ?? shape.fullPrecision
    precisions = Array(repeating: Array(repeating: least, count: shape.expertsPerLayer), count: shape.layers)
    bytes = shape.experts * shape.bytesPerExpert[least]
    guard bytes <= budgetBytes else {
      throw .tooSmall(precision: least, neededBytes: bytes, budgetBytes: budgetBytes)
    }
    var steps: [Step] = []
    for layer in 0..<shape.layers {
      for expert in 0..<shape.expertsPerLayer {
        let harm = PerPrecision { precision in
          let error = errors.error(
            layer: LayerID(layer), expert: ExpertID(expert), precision: precision, full: shape.fullPrecision)
          return importance[layer][expert] * error
        }
        steps += Self.staircase(ordered, layer, expert, shape, harm)
      }
    }
    steps.sort { ($1.worth, $0.layer, $0.expert, $0.bytes) < ($0.worth, $1.layer, $1.expert, $1.bytes) }
    var stuck: Set<Int> = []
    for step in steps {
      let place = step.layer * shape.expertsPerLayer + step.expert
      guard !stuck.contains(place) else { continue }
      guard bytes + step.bytes <= budgetBytes else {
        stuck.insert(place)
        continue
      }
      bytes += step.bytes
      precisions[step.layer][step.expert] = step.precision
    }
  }

  /// The steps of one expert, each worth less than the one before.
  private static func staircase(
    _ ordered: [Precision], _ layer: Int, _ expert: Int, _ shape: ModelShape, _ harm: PerPrecision<Double>
  ) -> [Step] {
    var steps: [Step] = []
    var place = 0
    while place + 1 < ordered.count {
      let here = ordered[place]
      let next = (place + 1..<ordered.count).map { target -> (Int, Step) in
        let there = ordered[target]
        let more = max(1, shape.bytesPerExpert[there] - shape.bytesPerExpert[here])
        return (
          target,
          Step(layer: layer, expert: expert, precision: there, bytes: more, harm: harm[here] - harm[there])
        )
      }.max { $0.1.worth < $1.1.worth }
      guard let (target, step) = next else { break }
      steps.append(step)
      place = target
    }
    return steps
  }
}

/// Why no mix can be chosen.
public enum PrecisionMixError: Error, Hashable, CustomStringConvertible {
  /// One copy of each expert does not fit, even at the precision of fewest bytes.
  case tooSmall(precision: Precision, neededBytes: Int, budgetBytes: Int)

  /// The fact, with both numbers.
  public var description: String {
    switch self {
    case .tooSmall(let precision, let needed, let budget):
      "one copy of each expert at \(precision) takes \(needed) bytes, but \(budget) are allowed; allow more"
    }
  }
}

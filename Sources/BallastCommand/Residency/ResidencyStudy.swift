import BallastCPU
import BallastOperations
import BallastRuntime
import BallastServing

/// What a model predicts when only a part of its experts is resident and substitutes serve for the others.
struct ResidencyStudy {
  /// What was found.
  struct Result: Codable {
    /// Shares of the experts that are resident.
    var fractions: [Double]
    /// By domain.
    var domains: [String: Domain]
  }

  /// One domain.
  struct Domain: Codable {
    /// Every expert resident.
    var bitsPerByte: Double
    /// By ordering, `[fraction]`: bits per byte.
    var curves: [String: [Double]]
    /// `[fraction]`: the share of choices that a substitute served, experts by EASY-EP.
    var substituted: [Double]
    /// At the middle fraction, experts by EASY-EP on each other domain: the mean of their bits per byte.
    var otherDomains: Double
    /// At the middle fraction, experts by EASY-EP: bits per byte when tokens of the others are served from storage.
    var stored: Double
    /// And the share of choices that were.
    var storedShare: Double
  }

  let model: EvaluatedModel
  /// Sequences of each domain that are scored.
  let sequences: Int
  /// Sequences of each domain that experts are ordered by.
  let demonstrations: Int
  let seed: UInt64

  /// Shares of the experts that are resident, from all of them.
  static let fractions = [1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]
  /// The one at which domains are exchanged and storage serves.
  static let middle = 0.5

  /// Calibrates on each domain, then scores what is not calibrated on.
  func run(_ texts: [DomainText]) async throws(InputError) -> Result {
    let scored = texts.map {
      DomainText(name: $0.name, bytes: Array($0.bytes.prefix(sequences * EvaluationFold.sequenceBytes)))
    }
    let progress = Progress(total: texts.count * 2, noun: "parts done")
    var calibrations: [Calibration] = []
    for (index, text) in texts.enumerated() {
      let others = CalibrationTexts([text], excluding: scored, sequenceBytes: EvaluationFold.sequenceBytes)
      guard others.sequences.count >= demonstrations else {
        throw InputError(
          "\(text.name) has \(others.sequences.count) sequences beside what is scored, but \(demonstrations) demonstrations are asked for; give a longer text or fewer --demonstrations"
        )
      }
      calibrations.append(try await Calibration(model, Array(others.sequences.prefix(demonstrations)), .natural))
      progress.advance(to: index + 1)
    }
    var domains: [String: Domain] = [:]
    for (index, text) in scored.enumerated() {
      domains[text.name] = try await domain(text.bytes, index, calibrations)
      progress.advance(to: texts.count + index + 1)
    }
    progress.finish()
    return Result(fractions: Self.fractions, domains: domains)
  }

  private func domain(_ bytes: [UInt8], _ own: Int, _ calibrations: [Calibration]) async throws(InputError) -> Domain {
    var curves: [String: [Double]] = [:]
    var substituted: [Double] = []
    for ordering in ExpertOrdering.allCases {
      for fraction in Self.fractions {
        let residents = ordering.residents(
          calibrations[own], count: count(fraction), seed: seed &+ UInt64(own))
        let found = try await score(bytes, residents, .substitute)
        curves[ordering.rawValue, default: []].append(found.bits)
        if ordering == .importance { substituted.append(found.substituted) }
      }
    }
    func residents(_ domain: Int) -> [Set<Int>] {
      ExpertOrdering.importance.residents(calibrations[domain], count: count(Self.middle), seed: seed)
    }
    var others = 0.0
    for domain in calibrations.indices where domain != own {
      others += try await score(bytes, residents(domain), .substitute).bits
    }
    let stored = try await score(bytes, residents(own), .stored)
    return Domain(
      bitsPerByte: curves[ExpertOrdering.importance.rawValue]?.first ?? 0, curves: curves, substituted: substituted,
      otherDomains: others / Double(max(1, calibrations.count - 1)), stored: stored.bits, storedShare: stored.stored)
  }

  /// Experts of the model that are resident at `fraction`.
  private func count(_ fraction: Double) -> Int { Int((fraction * Double(model.shape.experts)).rounded()) }

  private func score(
    _ bytes: [UInt8], _ residents: [Set<Int>], _ residency: ResidencyPolicy
  ) async throws(InputError) -> (bits: Double, substituted: Double, stored: Double) {
    let placement = model.placement { residents[$0.index].contains($1.index) }
    let outcome = try await model.score([bytes], placement: placement, residency: residency)
    let choices = max(1, outcome.uses[0].tokens.joined().reduce(0, +))
    return (
      outcome.scores[0].bitsPerByte ?? 0, outcome.samples.substitutedAssignments / choices,
      outcome.samples.storedAssignments / choices
    )
  }
}

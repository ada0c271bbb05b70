import BallastRuntime

/// Checks the promises of `ExpertExecutor` on executors made fresh for each check.
public struct ConformanceSuite: Sendable {
  /// The model: at least 2 layers and 4 experts.
  public let shape: ModelShape
  /// Length of a token's row.
  public let hidden: Int
  /// Whether the executor produces numbers.
  public let computes: Bool
  /// Makes an executor of `shape` with so many devices of so many bytes.
  public let make: @Sendable (_ devices: Int, _ memoryBytesPerDevice: Int) throws -> any ExpertExecutor

  /// Readies the checks; they run one by one through `run`.
  public init(
    shape: ModelShape, hidden: Int, computes: Bool,
    make: @escaping @Sendable (_ devices: Int, _ memoryBytesPerDevice: Int) throws -> any ExpertExecutor
  ) {
    self.shape = shape
    self.hidden = hidden
    self.computes = computes
    self.make = make
  }

  /// Runs one check.
  ///
  /// - Throws: `ConformanceFailure` saying what was expected, or what the executor threw.
  public func run(_ check: ConformanceCheck) async throws {
    switch check {
    case .countsBytes: try await countsBytes()
    case .refusesImpossibleReplicas: try await refusesImpossibleReplicas()
    case .refusesUnknownHandles: try await refusesUnknownHandles()
    case .refusesWrongBuffers: try await refusesWrongBuffers()
    case .servesEmptyBatches: try await servesEmptyBatches()
    case .servesRaggedBatches: try await servesRaggedBatches()
    case .servesWhileStaging: try await servesWhileStaging()
    case .cancelsStaging: try await cancelsStaging()
    case .calibrates: try await calibrates()
    case .answersAlikeWhereverPlaced: if computes { try await answersAlikeWhereverPlaced() }
    case .servesStoredReplicas: try await servesStoredReplicas()
    case .fillsNorms: if computes { try await fillsNorms() }
    }
  }

  /// The same, stored.
  func storedReplica(_ expert: Int, on device: Int = 0) -> Replica {
    Replica(expert: ExpertID(expert), device: DeviceID(device), precision: shape.fullPrecision, residency: .stored)
  }

  /// Bytes of the whole model at full precision, and room to spare.
  var plenty: Int { shape.fullBytes * 2 }

  /// A replica at full precision.
  func replica(_ expert: Int, on device: Int = 0) -> Replica {
    Replica(expert: ExpertID(expert), device: DeviceID(device), precision: shape.fullPrecision)
  }
}

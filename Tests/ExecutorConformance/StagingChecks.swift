import BallastRuntime

extension ConformanceSuite {
  func countsBytes() async throws {
    let bytes = shape.bytesPerExpert[shape.fullPrecision]
    let executor = try make(2, bytes * 2 + bytes / 2)
    var staged: [StagedReplica] = []
    for expert in 0..<2 { staged.append(try await executor.stage(replica(expert), layer: LayerID(0))) }
    try require(staged.allSatisfy { $0.bytes == bytes }, "a replica takes \(bytes) bytes, got \(staged.map(\.bytes))")
    try require(staged[0].handle != staged[1].handle, "two replicas have one handle, \(staged[0].handle)")
    try require(staged.allSatisfy { $0.relativeError == 0 }, "full precision has no error")
    try expect(executor.memory, replicas: [2 * bytes, 0], peak: 2 * bytes)
    try await refuses(executor, replica(2)) {
      $0 == .outOfMemory(device: DeviceID(0), neededBytes: bytes, freeBytes: bytes / 2)
    }
    try expect(executor.memory, replicas: [2 * bytes, 0], peak: 2 * bytes)
    await executor.retire(staged[0])
    try expect(executor.memory, replicas: [bytes, 0], peak: 2 * bytes)
    let again = try await executor.stage(replica(2), layer: LayerID(1))
    try require(again.layer == LayerID(1), "the layer is \(again.layer), staged for 1")
    for replica in [again, staged[1]] { await executor.retire(replica) }
    try expect(executor.memory, replicas: [0, 0], peak: 2 * bytes)
  }

  func refusesImpossibleReplicas() async throws {
    let executor = try make(2, plenty)
    for precision in Precision.allCases where !executor.precisions.contains(precision) {
      let wrong = Replica(expert: ExpertID(0), device: DeviceID(0), precision: precision)
      try await refuses(executor, wrong) { $0 == .unsupportedPrecision(precision) }
    }
    try await refuses(executor, replica(0, on: 2)) { $0 == .deviceLost(DeviceID(2)) }
    try await refuses(executor, replica(shape.expertsPerLayer)) {
      if case .badWeights = $0 { true } else { false }
    }
    try await refuses(executor, replica(0), layer: LayerID(shape.layers)) {
      if case .badWeights = $0 { true } else { false }
    }
    try require(executor.memory.allSatisfy { $0.replicaBytes == 0 }, "a refused replica left bytes behind")
  }

  func cancelsStaging() async throws {
    let executor = try make(1, plenty)
    let wanted = replica(0)
    let task = Task { () async -> Result<StagedReplica, StagingError> in
      while !Task.isCancelled { await Task.yield() }
      return await outcome(of: wanted, layer: LayerID(0), on: executor)
    }
    task.cancel()
    switch await task.value {
    case .success(let staged): await executor.retire(staged)
    case .failure(let error): try require(error == .cancelled, "cancelling gives `cancelled`, got: \(error)")
    }
    try require(
      executor.memory[0].replicaBytes == 0, "a cancelled staging left \(executor.memory[0].replicaBytes) bytes")
  }

  func calibrates() async throws {
    let executor = try make(2, plenty)
    let model = try await executor.calibrate()
    for precision in executor.precisions {
      let (activation, perToken) = (model.activationNanoseconds[precision], model.perTokenNanoseconds[precision])
      try require(activation.isFinite && activation >= 0, "activation at \(precision) is \(activation)")
      try require(perToken.isFinite && perToken > 0, "a token at \(precision) takes \(perToken)")
    }
    try require(model.linkBytesPerSecond > 0, "the link carries \(model.linkBytesPerSecond) bytes a second")
    try require(model.nodeLinkBytesPerSecond > 0, "the node link carries \(model.nodeLinkBytesPerSecond)")
    try require(executor.memory.allSatisfy { $0.replicaBytes == 0 }, "calibration left replicas behind")
  }

  private func expect(_ memory: [DeviceMemory], replicas: [Int], peak: Int) throws {
    try require(
      memory.map(\.replicaBytes) == replicas, "replica bytes are \(memory.map(\.replicaBytes)), not \(replicas)")
    try require(memory[0].peakReplicaBytes == peak, "the peak is \(memory[0].peakReplicaBytes), not \(peak)")
    try require(memory.allSatisfy { $0.overheadBytes >= 0 }, "overhead is below 0")
  }

  private func refuses(
    _ executor: any ExpertExecutor, _ replica: Replica, layer: LayerID = LayerID(0),
    _ isExpected: (StagingError) -> Bool
  ) async throws {
    guard case .failure(let error) = await outcome(of: replica, layer: layer, on: executor) else {
      throw ConformanceFailure(description: "\(replica) was staged in layer \(layer)")
    }
    try require(isExpected(error), "staging \(replica) in layer \(layer) was refused otherwise: \(error)")
  }
}

/// What staging comes to.
private func outcome(
  of replica: Replica, layer: LayerID, on executor: any ExpertExecutor
) async -> Result<StagedReplica, StagingError> {
  do throws(StagingError) {
    return .success(try await executor.stage(replica, layer: layer))
  } catch {
    return .failure(error)
  }
}

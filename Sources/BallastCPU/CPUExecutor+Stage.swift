public import BallastRuntime

extension CPUExecutor {
  /// Reads, checks, packs and publishes a replica on the background thread; see `ExpertExecutor`.
  ///
  /// Cancelling the task gives up at the next piece.
  ///
  /// - Throws: `StagingError`; then nothing of it is left on the device.
  public func stage(_ replica: Replica, layer: LayerID) async throws(StagingError) -> StagedReplica {
    let cancellation = Cancellation()
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Result<StagedReplica, StagingError>, Never>) in
        staging.submit { [self] in
          continuation.resume(
            returning: Result { () throws(StagingError) in try place(replica, layer: layer, cancellation) })
        }
      }
    } onCancel: {
      cancellation.cancel()
    }
    return try outcome.get()
  }

  /// Frees a replica; one that is not staged is left alone.
  public func retire(_ replica: StagedReplica) async {
    table.remove(replica.handle)?.free()
  }

  private func place(
    _ replica: Replica, layer: LayerID, _ cancellation: Cancellation
  ) throws(StagingError) -> StagedReplica {
    try check(replica, layer: layer)
    let arena = arenas[replica.device.index]
    let bytes = dimensions.bytes(replica.precision)
    if cancellation.isCancelled { throw .cancelled }
    // Safety: the block is owned by `packed`, and freed by the catch or by whoever takes it out of the table.
    let packed = try unsafe PackedReplica(
      replica, layer: layer, block: arena.allocate(bytes: bytes), arena: arena, dimensions: dimensions)
    do throws(StagingError) {
      let start = monotonicNanoseconds()
      var written = 0
      try packer.pack(packed) { piece throws(StagingError) in
        written += piece
        try staging.pause(since: start, bytes: written, cancellation)
      }
      let error = isExact(replica.precision) ? 0 : try packer.relativeError(of: packed)
      if cancellation.isCancelled { throw .cancelled }
      guard let handle = table.insert(packed) else {
        throw .outOfMemory(device: replica.device, neededBytes: bytes, freeBytes: 0)
      }
      return StagedReplica(layer: layer, replica: replica, handle: handle, bytes: bytes, relativeError: error)
    } catch {
      packed.free()
      throw error
    }
  }

  private func check(_ replica: Replica, layer: LayerID) throws(StagingError) {
    guard precisions.contains(replica.precision) else { throw .unsupportedPrecision(replica.precision) }
    guard (0..<arenas.count).contains(replica.device.index) else { throw .deviceLost(replica.device) }
    guard (0..<shape.layers).contains(layer.index), (0..<shape.expertsPerLayer).contains(replica.expert.index) else {
      throw .badWeights(
        layer: layer, expert: replica.expert,
        reason: "the model has layers below \(shape.layers) and experts below \(shape.expertsPerLayer)")
    }
  }
}

public import BallastRuntime

extension CPUExecutor {
  /// Reads, checks, packs and publishes a replica on the background thread; see `ExpertExecutor`.
  ///
  /// Cancelling the task gives up at the next piece.
  ///
  /// - Throws: `StagingError`; then nothing of it is left on the device.
  public func stage(_ replica: Replica, layer: LayerID) async throws(StagingError) -> StagedReplica {
    let cancellation = Cancellation()
    let stager = stager
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Result<StagedReplica, StagingError>, Never>) in
        stager.thread.submit {
          continuation.resume(
            returning: Result { () throws(StagingError) in try stager.place(replica, layer: layer, cancellation) })
        }
      }
    } onCancel: {
      cancellation.cancel()
    }
    return try outcome.get()
  }

  /// Frees a replica; one that is not staged is left alone.
  public func retire(_ replica: StagedReplica) async {
    stager.table.remove(replica.handle)?.free()
  }
}

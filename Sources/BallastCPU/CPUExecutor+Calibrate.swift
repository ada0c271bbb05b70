public import BallastRuntime

extension CPUExecutor {
  /// Measures the coefficients of the cost law on this machine, on the first device's core; see `ExpertExecutor`.
  ///
  /// - Throws: `StagingError.deviceLost` when the system gives no thread to measure on.
  public func calibrate() async throws(StagingError) -> CostModel {
    let (dimensions, shape, core) = (dimensions, shape, firstCore)
    let model: CostModel? = await withCheckedContinuation { continuation in
      do {
        let thread = try WorkerThread(core: core) {
          continuation.resume(returning: Calibration(dimensions: dimensions, experts: shape.experts).measure())
        }
        thread.detach()
      } catch {
        continuation.resume(returning: nil)
      }
    }
    guard let model else { throw .deviceLost(DeviceID(0)) }
    return model
  }
}

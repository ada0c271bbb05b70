public import BallastRuntime

extension CPUExecutor {
  /// Measures the coefficients of the cost law on this machine, on the first device's core; see `ExpertExecutor`.
  ///
  /// - Throws: `StagingError.deviceLost` when the system gives no thread to measure on.
  public func calibrate() async throws(StagingError) -> CostModel {
    let (dimensions, shape, core, stored) = (dimensions, shape, firstCore, stored)
    let model: CostModel? = await withCheckedContinuation { continuation in
      do {
        let thread = try WorkerThread(core: core) {
          var model = Calibration(dimensions: dimensions, experts: shape.experts).measure()
          // Weights that cannot be read are found when they are staged.
          model.fetchNanoseconds = stored.fetchNanoseconds(shape) ?? 0
          continuation.resume(returning: model)
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

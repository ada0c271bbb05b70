import BallastRuntime
import CBallastKernels

extension CPUExecutor {
  static func check(
    source: any ExpertWeightSource, shape: ModelShape, dimensions: ExpertDimensions,
    configuration: CPUExecutorConfiguration
  ) throws(CPUExecutorError) {
    guard source.precision == .float32 || source.precision == .bfloat16 else {
      throw .sourcePrecision(source.precision)
    }
    for precision in Precision.allCases {
      let (stated, packed) = (shape.bytesPerExpert[precision], dimensions.bytes(precision))
      guard stated == packed else { throw .bytesPerExpert(precision: precision, stated: stated, packed: packed) }
    }
    if let rate = configuration.stagingBytesPerSecond, rate < 1 { throw .stagingBytesPerSecond(rate) }
  }

  /// `[device][worker]`: the cores the workers are pinned to.
  static func cores(_ configuration: CPUExecutorConfiguration) throws(CPUExecutorError) -> [[Int]] {
    guard (1...65_535).contains(configuration.devices) else { throw .topology(.deviceCount(configuration.devices)) }
    let available = WorkerThread.availableCores
    guard let lists = configuration.coresPerDevice else {
      return (0..<configuration.devices).map { [available[$0 % available.count]] }
    }
    guard lists.count == configuration.devices, lists.allSatisfy({ !$0.isEmpty }) else {
      throw .coreLists(lists: lists.count, devices: configuration.devices)
    }
    for core in lists.joined() where !available.contains(core) {
      throw .coreUnavailable(core: core, available: available)
    }
    return lists
  }

  /// Replicas that fit at the smallest size, which bounds the handles ever in use at once.
  static func mostReplicas(_ shape: ModelShape, _ configuration: CPUExecutorConfiguration) -> Int {
    let smallest = Precision.allCases.map { shape.bytesPerExpert[$0] }.min() ?? 1
    let (count, overflow) = (configuration.memoryBytesPerDevice / smallest)
      .multipliedReportingOverflow(by: configuration.devices)
    // Stored replicas take no bytes; while a plan is applied both placements' are there.
    let most = overflow ? .max : count
    return most > .max - 2 * shape.experts ? .max : most + 2 * shape.experts
  }

  /// Starts every thread, or none.
  static func start(
    _ workers: [DeviceWorkers], on cores: [[Int]], staging: StagingThread, dimensions: ExpertDimensions
  ) throws(CPUExecutorError) -> [WorkerThread] {
    var threads: [WorkerThread] = []
    do throws(CPUExecutorError) {
      for (device, list) in zip(workers, cores) {
        for core in list { threads.append(try WorkerThread(core: core) { device.work(dimensions) }) }
      }
      let taken = Set(cores.joined())
      threads.append(
        try WorkerThread(core: nil, nice: StagingThread.nice) {
          // Where cores are left free staging keeps to them: a worker that wakes would wait for its turn to end.
          for core in taken { _ = ballast_leave_core(core) }
          staging.work()
        })
    } catch {
      end(workers, staging, threads)
      throw error
    }
    return threads
  }

  /// Lets every thread finish what it has and waits for it.
  static func end(_ workers: [DeviceWorkers], _ staging: StagingThread, _ threads: [WorkerThread]) {
    for device in workers { device.stop() }
    staging.stop()
    for thread in threads { thread.join() }
  }
}

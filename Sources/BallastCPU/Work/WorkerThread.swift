import CBallastKernels
import Glibc

/// A thread that runs one function, on one core if told, to be joined or detached.
@safe final class WorkerThread: @unchecked Sendable {
  // Safety: `thread` is written once, before the object is shared.
  private var thread = pthread_t()

  /// The cores this process may use, ascending.
  static var availableCores: [Int] {
    let cores = (0..<Int(BALLAST_CORES)).filter { ballast_may_use_core($0) != 0 }
    return cores.isEmpty ? [0] : cores
  }

  /// Starts `body`; `nice` above 0 lets other threads go first.
  ///
  /// - Throws: `CPUExecutorError.threadUnavailable`.
  init(core: Int?, nice: Int32 = 0, _ body: @escaping @Sendable () -> Void) throws(CPUExecutorError) {
    let start = Start(core: core, nice: nice, body: body)
    // Safety: the new thread takes over the reference; if there is none it is given back here.
    let argument = unsafe Unmanaged.passRetained(start)
    let code = unsafe pthread_create(
      &thread, nil,
      { argument in
        if let argument = unsafe argument { unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, argument.toOpaque())
    guard code == 0 else {
      unsafe argument.release()
      throw .threadUnavailable(code: code)
    }
  }

  /// Waits for the function to return; called once, by the owner.
  func join() {
    // Safety: the thread was created and not joined before.
    _ = pthread_join(thread, nil)
  }

  /// Lets the thread end by itself; instead of `join`.
  func detach() {
    // Safety: the thread was created and neither joined nor detached before.
    _ = pthread_detach(thread)
  }

  private final class Start: Sendable {
    let core: Int?
    let nice: Int32
    let body: @Sendable () -> Void

    init(core: Int?, nice: Int32, body: @escaping @Sendable () -> Void) {
      self.core = core
      self.nice = nice
      self.body = body
    }

    func run() {
      // A core taken away meanwhile leaves the thread where it may run.
      if let core { _ = ballast_pin_to_core(core) }
      // Linux keeps this per thread: 0 names the calling one.
      if nice != 0 { setpriority(Int32(PRIO_PROCESS.rawValue), 0, nice) }
      body()
    }
  }
}

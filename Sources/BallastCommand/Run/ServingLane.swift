import Ballast
import BallastRuntime
import BallastServing
import Foundation
import Synchronization

/// One thread that serves requests on one lane for as long as it lives.
///
/// A thread of its own: computing experts blocks, and must not take a thread of the concurrency runtime.
final class ServingLane: Sendable {
  private struct Job: Sendable {
    let queue: RequestQueue
    let isCounted: Bool
    let meter: StepMeter
    let done: CheckedContinuation<Result<[PredictionScore], DecoderError>, Never>
  }

  private let job = Mutex<Job?>(nil)
  private let wake = DispatchSemaphore(value: 0)
  private let isClosing = Atomic<Bool>(false)

  /// Starts the thread; it makes its own lane and decoder.
  init(balancer: Balancer, weights: DecoderWeights, slots: Int, started: @escaping @Sendable (InputError?) -> Void) {
    let thread = Thread { [self] in
      do {
        let lane = try input { () throws(LaneError) in try balancer.makeLane() }
        var worker = try makeWorker(lane, weights, slots)
        started(nil)
        serve(&worker, balancer)
      } catch {
        started(error as? InputError ?? InputError("\(error)"))
      }
    }
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// Serves `queue` together with the other lanes that share it.
  func serve(_ queue: RequestQueue, isCounted: Bool, meter: StepMeter) async -> Result<[PredictionScore], DecoderError>
  {
    await withCheckedContinuation { done in
      job.withLock { $0 = Job(queue: queue, isCounted: isCounted, meter: meter, done: done) }
      wake.signal()
    }
  }

  /// Ends the thread; its lane is given back.
  func close() {
    isClosing.store(true, ordering: .releasing)
    wake.signal()
  }

  private func makeWorker(
    _ lane: consuming Lane, _ weights: DecoderWeights, _ slots: Int
  ) throws(InputError) -> ServingWorker {
    do throws(DecoderError) {
      let decoder = try Decoder(
        weights: weights, lane: lane, slots: slots, contextTokens: weights.configuration.contextTokens)
      return try ServingWorker(decoder: decoder)
    } catch {
      throw InputError(error.description)
    }
  }

  private func serve(_ worker: inout ServingWorker, _ balancer: Balancer) {
    while true {
      wake.wait()
      if isClosing.load(ordering: .acquiring) { return }
      guard let job = job.withLock({ $0.take() }) else { continue }
      var wasApplying = balancer.isApplying
      do throws(DecoderError) {
        let scores = try worker.run(job.queue, isCounted: job.isCounted) { step in
          let isApplying = balancer.isApplying
          let waiting = job.queue.waiting
          try? balancer.report(queueLength: waiting)
          job.meter.add(step, metPlan: wasApplying || isApplying, waiting: waiting)
          wasApplying = isApplying
        }
        job.done.resume(returning: .success(scores))
      } catch {
        job.done.resume(returning: .failure(error))
      }
    }
  }
}

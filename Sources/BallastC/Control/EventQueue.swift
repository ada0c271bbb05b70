import BallastControl
import BallastRuntime
import CBallast

/// The last events nobody has polled yet, and how many were lost.
struct EventQueue: Sendable {
  private static let limit = 1024
  private var events: [ControlEvent] = []
  private var first = 0
  /// Events lost since the start.
  private(set) var dropped: UInt64 = 0
  private var droppedSinceTaken: UInt64 = 0

  mutating func add(_ event: ControlEvent) {
    if events.count < Self.limit {
      events.append(event)
    } else {
      // The oldest makes room.
      events[first] = event
      first = (first + 1) % Self.limit
      dropped += 1
      droppedSinceTaken += 1
    }
  }

  mutating func take() -> (event: ControlEvent, droppedBefore: UInt64)? {
    guard !events.isEmpty else { return nil }
    if first > 0 {
      events = Array(events[first...] + events[..<first])
      first = 0
    }
    defer { droppedSinceTaken = 0 }
    return (events.removeFirst(), droppedSinceTaken)
  }
}

extension ballast_event {
  init(_ event: ControlEvent, droppedBefore: UInt64) {
    self.init()
    tick = UInt64(event.tick)
    nanoseconds = event.time.wholeNanoseconds
    imbalance = event.imbalance ?? .nan
    imbalance_after = event.forecast?.imbalanceAfter ?? .nan
    batch_nanoseconds = event.forecast?.nanosecondsBefore ?? .nan
    batch_nanoseconds_after = event.forecast?.nanosecondsAfter ?? .nan
    added = UInt64(event.changes.reduce(0) { $0 + $1.added.count })
    removed = UInt64(event.changes.reduce(0) { $0 + $1.removed.count })
    bytes_moved = UInt64(event.forecast?.bytesMoved ?? 0)
    retired = UInt64(event.retired)
    thinking_nanoseconds = event.thinkingTime.wholeNanoseconds
    dropped_before = droppedBefore
    var said = event.decision.description
    switch event.rollout {
    case .published: outcome = UInt32(BALLAST_OUTCOME_PUBLISHED)
    case .abandoned(let error, _):
      outcome = UInt32(BALLAST_OUTCOME_ABANDONED)
      said += "; abandoned: \(error)"
    case nil: outcome = UInt32(BALLAST_OUTCOME_NONE)
    }
    write(said)
  }

  private mutating func write(_ said: String) {
    // Safety: the bytes are the structure's own; the last stays 0.
    unsafe withUnsafeMutableBytes(of: &text) { bytes in
      var length = 0
      for scalar in said.unicodeScalars {
        let encoded = Array(String(scalar).utf8)
        guard length + encoded.count < bytes.count else { break }
        for byte in encoded {
          unsafe bytes[length] = byte
          length += 1
        }
      }
    }
  }
}

extension Duration {
  /// As whole nanoseconds, as far as they can be stated.
  var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let product = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !product.overflow else { return seconds < 0 ? .min : .max }
    let sum = product.partialValue.addingReportingOverflow(attoseconds / 1_000_000_000)
    return sum.overflow ? product.partialValue : sum.partialValue
  }
}

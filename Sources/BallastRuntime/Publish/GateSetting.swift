import Synchronization

/// What the gates of all lanes work by: the control side changes it, and a lane takes it in between two batches.
public final class GateSetting: Sendable {
  // Concurrency: the generation is stored after the configuration it belongs to. A lane compares generations, which
  // costs one load, and copies only when they differ; it never waits for the lock, but looks again at its next batch.

  private let current: Mutex<GateConfiguration>
  private let generation = Atomic<UInt64>(0)

  /// Starts with `configuration`.
  public init(_ configuration: GateConfiguration) { current = Mutex(configuration) }

  /// The setting by now.
  public var configuration: GateConfiguration { current.withLock { $0 } }

  /// Changes the setting; lanes follow at their next batch.
  ///
  /// - Complexity: May wait for another caller, never for a lane's batch.
  public func update(_ change: (inout GateConfiguration) -> Void) {
    current.withLock { configuration in
      let before = configuration
      change(&configuration)
      if configuration != before { generation.add(1, ordering: .releasing) }
    }
  }

  /// Takes the setting in if it has changed since `seen`.
  ///
  /// - Parameters:
  ///   - seen: The generation the caller works by; advanced with its configuration.
  ///   - configuration: Replaced when there is a newer one.
  /// - Returns: Whether it was replaced.
  /// - Complexity: O(1); never waits and allocates nothing.
  public func follow(_ seen: inout UInt64, _ configuration: inout GateConfiguration) -> Bool {
    guard generation.load(ordering: .acquiring) != seen else { return false }
    let newer = current.withLockIfAvailable { ($0, generation.load(ordering: .relaxed)) }
    guard let newer else { return false }
    (configuration, seen) = newer
    return true
  }
}

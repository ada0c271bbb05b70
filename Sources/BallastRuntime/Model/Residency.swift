/// Where a replica's weights are while nobody computes with them.
public enum Residency: UInt8, CaseIterable, Sendable {
  /// In the memory of its device.
  case resident
  /// Where the executor reads weights from, such as a mapped checkpoint: no bytes of its device, brought in for every
  /// batch that needs it.
  case stored
}

/// Whether a device takes part.
public enum DeviceStatus: String, CaseIterable, Sendable {
  /// It computes and takes replicas.
  case serving
  /// It still computes, but its replicas are to stand elsewhere before it goes.
  case draining
  /// It is gone, and with it every replica it held.
  case lost
}

/// How an expert's tokens are divided among its replicas, for the purpose of planning.
public enum SplitRule: String, CaseIterable, Sendable {
  /// Each replica gets the same share, as engines without a per-batch choice do.
  case even
  /// Each batch is divided so that the busiest device finishes earliest, as lanes do.
  case dispatch
}

package import BallastRuntime

/// A dispatch policy without what it carries: what a file can name in one word.
package enum DispatchPolicyName: CaseIterable, Sendable {
  case resident
  case borrowing
  case pinned
}

// A policy and its limits are separate keys in a file and one enum in memory: each key sees its own part. Reading a
// part the policy does not carry gives its default; writing it changes nothing.
extension DispatchPolicy {
  package var name: DispatchPolicyName {
    get {
      switch self {
      case .resident: .resident
      case .borrowing: .borrowing
      case .pinned: .pinned
      }
    }
    set {
      guard newValue != name else { return }
      switch newValue {
      case .resident: self = .resident
      case .borrowing: self = .borrowing(BorrowLimits())
      case .pinned: self = .pinned(pinnedPrecision)
      }
    }
  }

  package var limits: BorrowLimits {
    get { if case .borrowing(let limits) = self { limits } else { BorrowLimits() } }
    set { if case .borrowing = self { self = .borrowing(newValue) } }
  }

  package var pinnedPrecision: Precision {
    get { if case .pinned(let precision) = self { precision } else { .bfloat16 } }
    set { if case .pinned = self { self = .pinned(newValue) } }
  }
}

/// One value for each precision.
public struct PerPrecision<Value: Sendable>: Sendable {
  private var float32: Value
  private var bfloat16: Value
  private var int8: Value
  private var int4: Value

  /// The same value for every precision.
  public init(repeating value: Value) {
    float32 = value
    bfloat16 = value
    int8 = value
    int4 = value
  }

  /// The value `make` gives for each precision.
  public init(_ make: (Precision) -> Value) {
    float32 = make(.float32)
    bfloat16 = make(.bfloat16)
    int8 = make(.int8)
    int4 = make(.int4)
  }

  /// The value for `precision`.
  public subscript(precision: Precision) -> Value {
    get {
      switch precision {
      case .float32: float32
      case .bfloat16: bfloat16
      case .int8: int8
      case .int4: int4
      }
    }
    set {
      switch precision {
      case .float32: float32 = newValue
      case .bfloat16: bfloat16 = newValue
      case .int8: int8 = newValue
      case .int4: int4 = newValue
      }
    }
  }
}

extension PerPrecision: Equatable where Value: Equatable {}
extension PerPrecision: Hashable where Value: Hashable {}

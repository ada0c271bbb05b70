extension NumericArray {
  /// The elements as integers, row-major, each checked to be whole and inside `allowed`.
  ///
  /// - Throws: `ArrayError.valueOutOfRange` naming the first element that is not, by its position.
  /// - Complexity: O(elements).
  public func integers<Number: FixedWidthInteger>(
    _ type: Number.Type = Int.self, in allowed: ClosedRange<Int>
  ) throws(ArrayError) -> [Number] {
    var numbers: [Number] = []
    numbers.reserveCapacity(count)
    for index in 0..<count {
      guard let value = integer(at: index), allowed.contains(value), let number = Number(exactly: value) else {
        throw outOfRange(index, "a whole number from \(allowed.lowerBound) to \(allowed.upperBound)")
      }
      numbers.append(number)
    }
    return numbers
  }

  /// The elements as numbers of single precision, row-major, each checked to be inside `allowed`.
  ///
  /// - Throws: `ArrayError.valueOutOfRange` naming the first element that is not, or is no number, by its position.
  /// - Complexity: O(elements).
  public func floats(in allowed: ClosedRange<Float>) throws(ArrayError) -> [Float] {
    var numbers: [Float] = []
    numbers.reserveCapacity(count)
    for index in 0..<count {
      let value = Float(number(at: index))
      guard value.isFinite, allowed.contains(value) else {
        throw outOfRange(index, "a number from \(allowed.lowerBound) to \(allowed.upperBound)")
      }
      numbers.append(value)
    }
    return numbers
  }

  /// The element as an integer; nil when it is not whole or does not fit.
  private func integer(at index: Int) -> Int? {
    let bits = pattern(at: index)
    return switch type {
    case .uint8, .uint16, .uint32, .uint64: Int(exactly: bits)
    case .int8: Int(Int8(truncatingIfNeeded: bits))
    case .int16: Int(Int16(truncatingIfNeeded: bits))
    case .int32: Int(Int32(truncatingIfNeeded: bits))
    case .int64: Int(Int64(bitPattern: bits))
    case .float16, .float32, .float64: Int(exactly: number(at: index))
    }
  }

  private func number(at index: Int) -> Double {
    let bits = pattern(at: index)
    return switch type {
    case .uint8, .uint16, .uint32, .uint64: Double(bits)
    case .int8: Double(Int8(truncatingIfNeeded: bits))
    case .int16: Double(Int16(truncatingIfNeeded: bits))
    case .int32: Double(Int32(truncatingIfNeeded: bits))
    case .int64: Double(Int64(bitPattern: bits))
    case .float16: Double(Float16(bitPattern: UInt16(truncatingIfNeeded: bits)))
    case .float32: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    case .float64: Double(bitPattern: bits)
    }
  }

  private func outOfRange(_ index: Int, _ allowed: String) -> ArrayError {
    let value =
      switch type {
      case .uint64: "\(pattern(at: index))"
      case .float16, .float32, .float64: "\(number(at: index))"
      default: integer(at: index).map(String.init) ?? ""
      }
    return .valueOutOfRange(file: source, position: position(of: index), value: value, allowed: allowed)
  }
}

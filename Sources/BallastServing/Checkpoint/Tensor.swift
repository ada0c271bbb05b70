/// One tensor of a checkpoint, still in its file; nothing is read until someone asks.
public struct Tensor: Sendable {
  /// The name the checkpoint gives it.
  public let name: String
  /// How its elements are stored.
  public let element: ElementType
  /// Its lengths, outermost first; elements are row-major.
  public let shape: [Int]
  /// Elements it has.
  public let count: Int
  let file: MappedFile
  let range: Range<Int>

  /// The file it lies in.
  public var path: String { file.path }

  /// Lends the stored bytes: little-endian elements, mapped from the file; alignment is the file's.
  public func withBytes<Outcome, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Outcome
  ) throws(Failure) -> Outcome {
    try file.withBytes(range, body)
  }

  /// The elements as float32, exactly: every stored type is a subset of it.
  ///
  /// - Complexity: O(count); allocates the array.
  public func floats() -> [Float] {
    withBytes { bytes in (0..<count).map { element.load(bytes, at: $0) } }
  }

  /// Lends as many bytes as it would have if each element were 0, float16 widened to float32.
  public func withZeroBytes<Outcome, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Outcome
  ) throws(Failure) -> Outcome {
    let zeros = Array(repeating: UInt8(0), count: count * (element == .bfloat16 ? 2 : 4))
    // Safety: bytes are bytes, and `zeros` outlives the call.
    return try body(unsafe zeros.span.bytes)
  }

  /// Lends the bytes of `floats()`.
  public func withFloatBytes<Outcome, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Outcome
  ) throws(Failure) -> Outcome {
    let exact = floats()
    // Safety: any bit pattern of a float is bytes, and `exact` outlives the call.
    return try body(unsafe exact.span.bytes)
  }
}

extension ElementType {
  /// The element at `index` of a packed tensor.
  @inline(__always)
  fileprivate func load(_ bytes: RawSpan, at index: Int) -> Float {
    // Safety: the loads are bounds-checked and need no alignment; any bit pattern is a valid number.
    switch self {
    case .bfloat16:
      let upper = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
      return Float(bitPattern: UInt32(UInt16(littleEndian: upper)) << 16)
    case .float16:
      let half = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
      return Float(Float16(bitPattern: UInt16(littleEndian: half)))
    case .float32:
      let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
      return Float(bitPattern: UInt32(littleEndian: word))
    }
  }
}

import CBallast

/// A structure that begins with its size, by which programs compiled against an earlier version are told apart.
protocol Sized {
  static var name: String { get }
  /// Sizes it had in earlier versions, none larger than now.
  static var earlierSizes: [Int] { get }
}

extension Sized {
  static var earlierSizes: [Int] { [] }
}

extension ballast_model: Sized { static var name: String { "ballast_model" } }
extension ballast_cost: Sized { static var name: String { "ballast_cost" } }
extension ballast_cluster: @unsafe Sized { static var name: String { "ballast_cluster" } }
extension ballast_selection: @unsafe Sized { static var name: String { "ballast_selection" } }
extension ballast_dispatch: @unsafe Sized { static var name: String { "ballast_dispatch" } }
extension ballast_step: Sized {
  static var name: String { "ballast_step" }
  /// `switch_step` came with 1.1.
  static var earlierSizes: [Int] { [56] }
}
extension ballast_event: Sized { static var name: String { "ballast_event" } }
extension ballast_statistics: Sized { static var name: String { "ballast_statistics" } }
extension ballast_forecast: Sized { static var name: String { "ballast_forecast" } }
extension ballast_executor_options: Sized { static var name: String { "ballast_executor_options" } }
extension ballast_replay_options: Sized { static var name: String { "ballast_replay_options" } }
extension ballast_replay_result: Sized { static var name: String { "ballast_replay_result" } }

// Safety: the address is there and aligned; every such structure begins with its size, which alone is read.
/// The size a structure states, once it is one that is known.
func knownSize<Value: Sized>(_ pointer: UnsafePointer<Value>?) throws(Refusal) -> Int {
  guard let pointer = unsafe pointer else { throw .badPointer("\(Value.name) is null") }
  try unsafe checkAligned(pointer, Value.name)
  let size = Int(unsafe UnsafeRawPointer(pointer).load(as: UInt32.self))
  guard size == MemoryLayout<Value>.stride || Value.earlierSizes.contains(size) else {
    throw Refusal(
      BALLAST_BAD_SIZE,
      "size of \(Value.name) is \(size); set it to sizeof(\(Value.name)), \(MemoryLayout<Value>.stride)")
  }
  return size
}

// Safety: `knownSize` sees that the address is there and aligned, and how many bytes stand there; no more are read.
/// Reads a structure; members an earlier version did not have are 0.
@inline(__always)
func read<Value: Sized>(_ pointer: UnsafePointer<Value>?) throws(Refusal) -> Value {
  let size = try unsafe knownSize(pointer)
  if size == MemoryLayout<Value>.stride, let pointer = unsafe pointer { return unsafe pointer.pointee }
  return unsafe withUnsafeTemporaryAllocation(
    byteCount: MemoryLayout<Value>.stride, alignment: MemoryLayout<Value>.alignment
  ) { bytes in
    // Safety: a structure of the header is a value whatever its bytes, and zeros stand behind those that were copied.
    unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0)
    unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: size))
    return unsafe bytes.load(as: Value.self)
  }
}

import CBallast

// What is checked of every pointer that comes from outside: that it is there, and aligned. How many elements it has is
// for the caller to state.

/// A structure that begins with its size.
protocol Sized {
  static var name: String { get }
  var size: UInt32 { get }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
extension UnsafePointer {
  func checkAligned(_ name: String) throws(Refusal) {
    // Safety: the address is looked at, not followed.
    guard UInt(bitPattern: self) % UInt(MemoryLayout<Pointee>.alignment) == 0 else {
      throw .badPointer("\(name) is not aligned to \(MemoryLayout<Pointee>.alignment) bytes")
    }
  }
}

/// The elements of an array of the caller.
func elements<Element>(
  _ pointer: UnsafePointer<Element>?, _ count: Int, _ name: String
) throws(Refusal) -> UnsafeBufferPointer<Element> {
  // Safety: the caller states how many elements there are; null is accepted only for none.
  guard let pointer = unsafe pointer else {
    guard count == 0 else { throw .badPointer("\(name) is null; \(count) elements are needed") }
    return unsafe UnsafeBufferPointer(start: nil, count: 0)
  }
  try unsafe pointer.checkAligned(name)
  return unsafe UnsafeBufferPointer(start: pointer, count: count)
}

/// Reads a structure, after its size.
func read<Value: Sized>(_ pointer: UnsafePointer<Value>?) throws(Refusal) -> Value {
  // Safety: the pointer is there and aligned; the size it states covers the structure before the rest is read.
  guard let pointer = unsafe pointer else { throw .badPointer("\(Value.name) is null") }
  try unsafe pointer.checkAligned(Value.name)
  let size = unsafe UnsafeRawPointer(pointer).load(as: UInt32.self)
  guard size == MemoryLayout<Value>.stride else {
    throw Refusal(
      BALLAST_BAD_SIZE,
      "size of \(Value.name) is \(size); set it to sizeof(\(Value.name)), \(MemoryLayout<Value>.stride)")
  }
  return unsafe pointer.pointee
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Checks that a result can be written where the caller says, before anything is done.
func writable<Value>(
  _ pointer: UnsafeMutablePointer<Value>?, _ name: String
) throws(Refusal) -> UnsafeMutablePointer<Value> {
  // Safety: the address is looked at, not followed.
  guard let pointer = unsafe pointer else { throw .badPointer("\(name) is null") }
  try unsafe UnsafePointer(pointer).checkAligned(name)
  return unsafe pointer
}

/// The same for a structure that begins with its size, which is kept.
func writable<Value: Sized>(sized pointer: UnsafeMutablePointer<Value>?) throws(Refusal) -> UnsafeMutablePointer<Value>
{
  // Safety: `read` checks what is written over afterwards.
  _ = try unsafe read(UnsafePointer(pointer))
  return unsafe try writable(pointer, Value.name)
}

/// Writes as many elements as there are, when there is room for all; their number in any case.
func write<Element>(
  _ values: [Element], to pointer: UnsafeMutablePointer<Element>?, capacity: UInt64,
  count: UnsafeMutablePointer<UInt64>?,
  _ name: String
) throws(Refusal) {
  // Safety: the caller states the capacity, and it is kept to.
  let count = unsafe try writable(count, "count")
  if let pointer = unsafe pointer { try unsafe UnsafePointer(pointer).checkAligned(name) }
  unsafe count.pointee = UInt64(values.count)
  guard capacity >= UInt64(values.count) else { throw .tooSmall(name, capacity: capacity, needed: values.count) }
  guard let pointer = unsafe pointer else {
    guard values.isEmpty else { throw .badPointer("\(name) is null") }
    return
  }
  unsafe values.withUnsafeBufferPointer { values in
    guard let start = values.baseAddress else { return }
    unsafe pointer.update(from: start, count: values.count)
  }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// The text of a caller; nil is the empty text.
func text(_ pointer: UnsafePointer<CChar>?, limit: Int, _ name: String) throws(Refusal) -> String {
  // Safety: the text ends with a zero, which is looked for no further than the limit.
  guard let pointer = unsafe pointer else { return "" }
  var length = 0
  while unsafe pointer[length] != 0 {
    length += 1
    guard length <= limit else { throw .badValue("\(name) has more than \(limit) bytes") }
  }
  let bytes = unsafe UnsafeRawBufferPointer(start: pointer, count: length)
  guard let text = unsafe String(validating: bytes, as: UTF8.self) else { throw .badValue("\(name) is not UTF-8") }
  return text
}

import CBallast

// What is checked of every address that comes from outside: that it is there, and aligned. How many elements stand there
// is for the caller to state.

// Safety: the address is there and aligned, and the caller states how many elements stand there and leaves them alone until
// the call returns. A span cannot be kept in anything that outlives the call, and checks every index.
/// The caller's array, for the length of a call.
///
/// Null is accepted only for no elements.
@_lifetime(immortal)
func span<Element>(
  _ pointer: UnsafePointer<Element>?, _ count: Int, _ name: String
) throws(Refusal) -> Span<Element> {
  guard let pointer = unsafe pointer else {
    guard count == 0 else { throw .badPointer("\(name) is null; \(count) elements are needed") }
    return Span()
  }
  try unsafe checkAligned(pointer, name)
  return unsafe _overrideLifetime(Span(_unsafeStart: pointer, count: count), copying: ())
}

// Safety: every pattern of bits is an element, and the caller states that so many stand there.
/// The caller's array as what it is made of; the same rules.
@_lifetime(immortal)
func span<Element>(
  _ address: UnsafeRawPointer?, of _: Element.Type, _ count: Int, _ name: String
) throws(Refusal) -> Span<Element> where Element: BitwiseCopyable {
  try unsafe span(address?.assumingMemoryBound(to: Element.self), count, name)
}

// Safety: as for `span`; that nobody else uses the elements until the call returns is what the caller states.
/// The caller's array, for a call to write in.
@_lifetime(immortal)
func mutableSpan<Element>(
  _ pointer: UnsafeMutablePointer<Element>?, _ count: Int, _ name: String
) throws(Refusal) -> MutableSpan<Element> {
  guard let pointer = unsafe pointer else {
    guard count == 0 else { throw .badPointer("\(name) is null; \(count) elements are needed") }
    return MutableSpan()
  }
  try unsafe checkAligned(pointer, name)
  return unsafe _overrideLifetime(MutableSpan(_unsafeStart: pointer, count: count), copying: ())
}

// Safety: the address is looked at, not followed.
func checkAligned<Element>(_ pointer: UnsafePointer<Element>, _ name: String) throws(Refusal) {
  guard UInt(bitPattern: pointer) % UInt(MemoryLayout<Element>.alignment) == 0 else {
    throw .badPointer("\(name) is not aligned to \(MemoryLayout<Element>.alignment) bytes")
  }
}

// Safety: both addresses are seen to be there and aligned, and no more is written than the capacity the caller states.
/// Writes as many elements as there are, when there is room for all; their number in any case.
func write<Element>(
  _ values: [Element], to pointer: UnsafeMutablePointer<Element>?, capacity: UInt64,
  count: UnsafeMutablePointer<UInt64>?, _ name: String
) throws(Refusal) {
  let outlet = try unsafe Outlet(count, "count")
  if let pointer = unsafe pointer { try unsafe checkAligned(pointer, name) }
  outlet.set(UInt64(values.count))
  guard capacity >= UInt64(values.count) else { throw .tooSmall(name, capacity: capacity, needed: values.count) }
  guard let pointer = unsafe pointer else {
    guard values.isEmpty else { throw .badPointer("\(name) is null") }
    return
  }
  unsafe copy(values, to: pointer)
}

// Safety: whoever calls has seen that there is room for all.
func copy<Element>(_ values: [Element], to pointer: UnsafeMutablePointer<Element>) {
  unsafe values.withUnsafeBufferPointer { values in
    guard let start = values.baseAddress else { return }
    unsafe pointer.update(from: start, count: values.count)
  }
}

// Safety: the address is looked at, not followed.
func checkAligned<Element>(_ pointer: UnsafeMutablePointer<Element>, _ name: String) throws(Refusal) {
  try unsafe checkAligned(UnsafePointer(pointer), name)
}

// Safety: the caller states that a zero ends the text; it is looked for no further than the limit, and bytes are copied, and
// seen to be UTF-8, up to it alone.
/// The text of a caller; nil is the empty text.
func text(_ pointer: UnsafePointer<CChar>?, limit: Int, _ name: String) throws(Refusal) -> String {
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

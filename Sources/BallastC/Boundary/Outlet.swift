import CBallast

/// Where a call writes one value of the caller's, checked before anything is done.
@safe struct Outlet<Value> {
  // Safety: the address is there and aligned, which the initialiser sees. That one value may be written there until the
  // call returns is what a caller promises by passing it; an outlet is a local of one call.
  private let pointer: UnsafeMutablePointer<Value>

  init(_ pointer: UnsafeMutablePointer<Value>?, _ name: String) throws(Refusal) {
    guard let pointer = unsafe pointer else { throw .badPointer("\(name) is null") }
    try unsafe checkAligned(pointer, name)
    unsafe self.pointer = unsafe pointer
  }

  /// An outlet that is not wanted where the address is null.
  static func wanted(_ pointer: UnsafeMutablePointer<Value>?, _ name: String) throws(Refusal) -> Outlet? {
    // Safety: whether there is an address is all that is asked.
    guard unsafe pointer != nil else { return nil }
    return try unsafe Outlet(pointer, name)
  }

  // Safety: as for `pointer`.
  func set(_ value: Value) { unsafe pointer.pointee = value }
}

/// The same for a structure that begins with its size: as much of it is written as the caller knows.
@safe struct SizedOutlet<Value: Sized> {
  // Safety: `size` bytes are the caller's, which `knownSize` reads from the structure itself and sees to be one of those
  // this library knows, none of which is larger than `Value`.
  private let pointer: UnsafeMutablePointer<Value>
  private let size: Int

  init(_ pointer: UnsafeMutablePointer<Value>?) throws(Refusal) {
    size = try unsafe knownSize(UnsafePointer(pointer))
    guard let pointer = unsafe pointer else { throw .badPointer("\(Value.name) is null") }
    unsafe self.pointer = unsafe pointer
  }

  /// Writes all but the size, which stays the caller's.
  func set(_ value: Value) {
    // Safety: no more than the caller's own bytes are written, out of a value that has at least as many.
    let kept = MemoryLayout<UInt32>.stride
    unsafe withUnsafeBytes(of: value) { bytes in
      unsafe UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(pointer) + kept, count: size - kept)
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[kept..<size]))
    }
  }
}

import CBallast

/// Why a call of the C interface is refused: its status and its explanation.
struct Refusal: Error {
  let status: Int
  let explanation: String

  init(_ status: Int, _ explanation: String) {
    self.status = status
    self.explanation = explanation
  }

  static func badPointer(_ text: String) -> Refusal { Refusal(BALLAST_BAD_POINTER, text) }
  static func badValue(_ text: String) -> Refusal { Refusal(BALLAST_BAD_VALUE, text) }
  static func nothing(_ text: String) -> Refusal { Refusal(BALLAST_NOTHING, text) }

  static func tooSmall(_ name: String, capacity: UInt64, needed: Int) -> Refusal {
    Refusal(BALLAST_BUFFER_TOO_SMALL, "\(name) has room for \(capacity); \(needed) are needed")
  }
}

/// Runs the body of a call; a refusal becomes its status and the calling thread's explanation.
@inline(__always)
func answer(_ body: () throws(Refusal) -> Void) -> ballast_status {
  do throws(Refusal) {
    try body()
    return ballast_status(BALLAST_OK)
  } catch {
    return explain(error)
  }
}

@inline(never)
private func explain(_ refusal: Refusal) -> ballast_status {
  var text = refusal.explanation
  // Safety: the text stays in place while it is copied.
  text.withUTF8 { bytes in
    unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
      guard let start = characters.baseAddress else { return unsafe keep_explanation("", 0) }
      unsafe keep_explanation(start, characters.count)
    }
  }
  return ballast_status(refusal.status)
}

/// Turns any stage's typed error into a refusal.
func refusing<Value, Failure: Error>(
  _ status: Int, _ body: () throws(Failure) -> Value
) throws(Refusal) -> Value {
  do throws(Failure) { return try body() } catch { throw Refusal(status, "\(error)") }
}

import Ballast
import BallastControl
import BallastRuntime
public import CBallast

// Safety: the text ends with a zero, which `text` looks for no further than its limit.
/// Saves what was learned; see `ballast.h`.
@c @implementation
public func ballast_balancer_save(_ balancer: ballast_balancer, _ path: UnsafePointer<CChar>!) -> ballast_status {
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    let file = try unsafe LearnedFile(given: path)
    let state = try changing { () throws(PlacementChangeError) in try session.balancer.learned() }
    try filing { () throws(LearnedFileError) in try file.save(state) }
  }
}

// Safety: the text ends with a zero, which `text` looks for no further than its limit.
/// Takes over what was learned; see `ballast.h`.
@c @implementation
public func ballast_balancer_restore(_ balancer: ballast_balancer, _ path: UnsafePointer<CChar>!) -> ballast_status {
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    let file = try unsafe LearnedFile(given: path)
    let state = try filing { () throws(LearnedFileError) in try file.load() }
    try session.restore(state)
  }
}

// Safety: the text ends with a zero, which `text` looks for no further than its limit; `write` looks at both addresses,
// and writes no more replicas than there is room for.
/// Writes the placement a file holds; see `ballast.h`.
@c @implementation
public func ballast_saved_placement(
  _ path: UnsafePointer<CChar>!, _ replicas: UnsafeMutablePointer<ballast_replica>!, _ capacity: UInt64,
  _ count: UnsafeMutablePointer<UInt64>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let file = try unsafe LearnedFile(given: path)
    let state = try filing { () throws(LearnedFileError) in try file.load() }
    try unsafe write(state.placement.listed(), to: replicas, capacity: capacity, count: count, "replicas")
  }
}

extension LearnedFile {
  // Safety: the text ends with a zero, which `text` looks for no further than its limit.
  fileprivate init(given path: UnsafePointer<CChar>?) throws(Refusal) {
    guard unsafe path != nil else { throw .badPointer("path is null") }
    let path = try unsafe text(path, limit: 4096, "path")
    guard !path.isEmpty else { throw .badValue("path is empty") }
    self.init(path: path)
  }
}

private func filing<Value>(_ body: () throws(LearnedFileError) -> Value) throws(Refusal) -> Value {
  do throws(LearnedFileError) { return try body() } catch {
    switch error {
    case .system: throw Refusal(BALLAST_FILE_REFUSED, "\(error)")
    case .bytes: throw Refusal(BALLAST_BAD_BYTES, "\(error)")
    }
  }
}

import CBallast
import Synchronization

/// Objects by number: an index, a generation that tells a reused place from the old one, and the kind.
final class Handles<Object: AnyObject & Sendable>: Sendable {
  private struct Place {
    var generation: UInt64
    var object: Object?
  }

  private struct Places {
    var all: [Place] = []
    var free: [Int] = []
  }

  private let kind: UInt64
  private let noun: String
  private let places = Mutex(Places())

  /// - Parameters:
  ///   - kind: 1…15, another for each kind of object.
  ///   - noun: What an explanation calls one.
  init(kind: UInt64, _ noun: String) {
    self.kind = kind
    self.noun = noun
  }

  /// Names an object; it lives until it is removed.
  func add(_ object: Object) -> UInt64 {
    places.withLock { places in
      let index: Int
      if let free = places.free.popLast() {
        index = free
      } else {
        index = places.all.count
        places.all.append(Place(generation: 0, object: nil))
      }
      places.all[index].generation = (places.all[index].generation + 1) & 0xfff_ffff
      places.all[index].object = object
      return kind << 60 | places.all[index].generation << 32 | UInt64(index)
    }
  }

  /// The object of that name.
  func find(_ handle: UInt64) throws(Refusal) -> Object {
    guard let object = places.withLock({ places in index(handle, places).flatMap { places.all[$0].object } }) else {
      throw stale(handle)
    }
    return object
  }

  /// Takes the name away; the object goes with its last use.
  func remove(_ handle: UInt64) throws(Refusal) -> Object {
    let object = places.withLock { places -> Object? in
      guard let index = index(handle, places) else { return nil }
      places.free.append(index)
      return places.all[index].object.take()
    }
    guard let object else { throw stale(handle) }
    return object
  }

  private func index(_ handle: UInt64, _ places: Places) -> Int? {
    let index = Int(handle & 0xffff_ffff)
    guard handle >> 60 == kind, places.all.indices.contains(index), places.all[index].object != nil,
      places.all[index].generation == handle >> 32 & 0xfff_ffff
    else { return nil }
    return index
  }

  private func stale(_ handle: UInt64) -> Refusal {
    Refusal(BALLAST_STALE_HANDLE, "\(handle) is no \(noun) that exists; it was destroyed, or is of another kind")
  }
}

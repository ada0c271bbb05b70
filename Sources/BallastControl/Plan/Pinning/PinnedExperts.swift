public import BallastRuntime

/// Experts whose replicas stay as they are: no plan moves, copies, drops or stores them otherwise.
///
/// Only a device that goes takes its replicas with it: an expert that would have none left is staged elsewhere.
public struct PinnedExperts: Hashable, Sendable, CustomStringConvertible {
  /// An expert of a layer.
  public struct Place: Hashable, Comparable, Sendable {
    /// The layer.
    public let layer: LayerID
    /// Which of its experts.
    public let expert: ExpertID

    /// Names an expert.
    public init(_ layer: LayerID, _ expert: ExpertID) {
      self.layer = layer
      self.expert = expert
    }

    /// By layer, then by expert.
    public static func < (one: Place, other: Place) -> Bool {
      (one.layer, one.expert) < (other.layer, other.expert)
    }
  }

  /// Which experts.
  public var places: Set<Place>

  /// Pins experts; none by default.
  public init(_ places: Set<Place> = []) { self.places = places }

  /// Reads `none`, or experts as `layer:expert`, separated by spaces.
  ///
  /// - Throws: `PinnedExpertsError.malformed` naming the first word that is no expert.
  public init(parsing text: String) throws(PinnedExpertsError) {
    let words = text.split(separator: " ")
    places = []
    guard words != ["none"] else { return }
    for word in words {
      guard let colon = word.firstIndex(of: ":"), let layer = Self.index(word[..<colon]),
        let expert = Self.index(word[word.index(after: colon)...])
      else { throw .malformed(word: String(word.prefix(40))) }
      places.insert(Place(LayerID(layer), ExpertID(expert)))
    }
    guard !places.isEmpty else { throw .malformed(word: "") }
  }

  /// The experts as they are read back, in order.
  public var description: String {
    places.isEmpty
      ? "none"
      : places.sorted().map { "\($0.layer.index):\($0.expert.index)" }.joined(separator: " ")
  }

  /// Checks that the model has every one of them.
  ///
  /// - Throws: `PinnedExpertsError.unknown` naming the first that it does not have.
  public func check(shape: ModelShape) throws(PinnedExpertsError) {
    for place in places.sorted()
    where !(0..<shape.layers).contains(place.layer.index)
      || !(0..<shape.expertsPerLayer).contains(place.expert.index)
    {
      throw .unknown(place: place, layers: shape.layers, experts: shape.expertsPerLayer)
    }
  }

  /// Whether a replica is one of theirs.
  func holds(_ replica: Replica, _ layer: LayerID) -> Bool {
    !places.isEmpty && places.contains(Place(layer, replica.expert))
  }

  /// Whether a change would touch any of their replicas.
  func bars(_ change: LayerChange) -> Bool {
    !places.isEmpty
      && (change.removed.contains { holds($0, change.layer) } || change.added.contains { holds($0, change.layer) })
  }

  /// Those of one layer.
  func experts(of layer: LayerID) -> Set<Int> {
    places.isEmpty ? [] : Set(places.filter { $0.layer == layer }.map(\.expert.index))
  }

  /// A whole number from 0 to 65 534 in digits alone.
  private static func index(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let index = Int(text), index < 65_535
    else { return nil }
    return index
  }
}

/// The keys and values of the sequences a lane has in flight.
///
/// Slots are reused; a slot's length says how much of it is of its present sequence.
struct KeyValueCache: Sendable {
  // Layout: a head's keys lie in panels of sixteen positions, `[panel][dimension][position in panel]`, so that one
  // query meets sixteen keys at a time without adding across lanes; its values lie `[position][dimension]`, each
  // padded to whole vectors.

  /// Positions of a panel, and the length values are padded to.
  static let panel = 16

  let slots: Int
  let layers: Int
  let heads: Int
  let headWidth: Int
  /// Positions a slot has.
  let capacity: Int
  /// `headWidth`, padded.
  let valueWidth: Int
  private(set) var keys: [Float]
  private(set) var values: [Float]
  /// `[slot]`: positions that are filled.
  var lengths: [Int]

  /// - Precondition: The sizes were checked by `floats(…)`.
  init(slots: Int, capacity: Int, model: MixtralConfiguration) {
    self.slots = slots
    layers = model.layers
    heads = model.keyValueHeads
    headWidth = model.headWidth
    self.capacity = Self.padded(capacity)
    valueWidth = Self.padded(model.headWidth)
    let rows = slots * layers * heads * self.capacity
    keys = Array(repeating: 0, count: rows * headWidth)
    values = Array(repeating: 0, count: rows * valueWidth)
    lengths = Array(repeating: 0, count: slots)
  }

  /// Bytes a cache would take; nil when they cannot be counted.
  static func bytes(slots: Int, capacity: Int, model: MixtralConfiguration) -> Int? {
    var bytes = 2 * MemoryLayout<Float>.stride * padded(model.headWidth)
    for factor in [slots, model.layers, model.keyValueHeads, padded(capacity)] {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      bytes = product
    }
    return bytes
  }

  static func padded(_ count: Int) -> Int { (count + panel - 1) / panel * panel }

  /// Where the keys of a head start.
  func firstKey(slot: Int, layer: Int, head: Int) -> Int {
    ((slot * layers + layer) * heads + head) * capacity * headWidth
  }

  /// Where the values of a head start.
  func firstValue(slot: Int, layer: Int, head: Int) -> Int {
    ((slot * layers + layer) * heads + head) * capacity * valueWidth
  }

  /// Writes the keys and values of one token, `[head][dimension]` at `keyStart` and `valueStart` of `row`.
  mutating func store(
    _ row: [Float], keyStart: Int, valueStart: Int, slot: Int, layer: Int, position: Int
  ) {
    for head in 0..<heads {
      let panelStart =
        firstKey(slot: slot, layer: layer, head: head) + position / Self.panel * Self.panel * headWidth
        + position % Self.panel
      let value = firstValue(slot: slot, layer: layer, head: head) + position * valueWidth
      for dimension in 0..<headWidth {
        keys[panelStart + dimension * Self.panel] = row[keyStart + head * headWidth + dimension]
        values[value + dimension] = row[valueStart + head * headWidth + dimension]
      }
    }
  }
}

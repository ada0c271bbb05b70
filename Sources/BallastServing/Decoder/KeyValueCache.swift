/// The keys and values of the sequences a lane has in flight.
///
/// Slots are reused; a slot's length says how much of it is of its present sequence.
struct KeyValueCache: Sendable {
  // Layout: sixteen positions form a panel, and a sequence's panels follow one another, so that a step streams as
  // much memory as a sequence has tokens and no more. Keys lie `[panel][head][dimension][position in panel]`: one
  // query meets sixteen keys at a time without adding across lanes. Values lie `[panel][head][position in panel]
  // [dimension]`, each padded to whole vectors.

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
  /// Positions that are filled, `[slot]`.
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

  /// Where the keys of a sequence start.
  func firstKey(slot: Int, layer: Int) -> Int { (slot * layers + layer) * heads * capacity * headWidth }

  /// Where the values of a sequence start.
  func firstValue(slot: Int, layer: Int) -> Int { (slot * layers + layer) * heads * capacity * valueWidth }

  /// Writes the keys and values of one token, `[head][dimension]` at `keyStart` and `valueStart` of `row`.
  mutating func store(
    _ row: [Float], keyStart: Int, valueStart: Int, slot: Int, layer: Int, position: Int
  ) {
    let (panel, place) = position.quotientAndRemainder(dividingBy: Self.panel)
    let firstKey = firstKey(slot: slot, layer: layer) + panel * heads * headWidth * Self.panel + place
    let firstValue = firstValue(slot: slot, layer: layer) + panel * heads * valueWidth * Self.panel + place * valueWidth
    Self.scatter(
      row, from: keyStart, heads: heads, width: headWidth, into: &keys, at: firstKey,
      headStride: headWidth * Self.panel,
      stride: Self.panel)
    Self.scatter(
      row, from: valueStart, heads: heads, width: headWidth, into: &values, at: firstValue,
      headStride: valueWidth * Self.panel, stride: 1)
  }

  /// Writes heads of `width` values `headStride` apart, the values of one `stride` apart.
  private static func scatter(
    _ row: [Float], from start: Int, heads: Int, width: Int, into memory: inout [Float], at first: Int,
    headStride: Int, stride: Int
  ) {
    let source = row.span
    var target = memory.mutableSpan
    for head in 0..<heads {
      for dimension in 0..<width {
        target[first + head * headStride + dimension * stride] = source[start + head * width + dimension]
      }
    }
  }
}

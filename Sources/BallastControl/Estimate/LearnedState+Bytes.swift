public import BallastRuntime

// The form of what was learned in files: the shape, the placement, and each part in the order of its declaration, sealed.
extension LearnedState {
  static var mark: UInt64 { 0x656e_7261_6c6c_6162 }
  static var formatVersion: UInt64 { 1 }
  private static var tokens: ClosedRange<Double> { 0...1e18 }

  /// The state as bytes, with a version and a checksum.
  public var bytes: [UInt8] {
    var words = SealedWords(mark: Self.mark, version: Self.formatVersion)
    for count in [layers, expertsPerLayer, roundsPerLayer, devices] { words.append(count) }
    words.append(placement)
    words.append([batches, spanned])
    words.append(average.isEmpty ? 0 : 1)
    for row in average { words.append(row) }
    words.append(history.count)
    for window in history { for row in window { words.append(row) } }
    words.append(neighbours.count)
    words.append(neighbours)
    for row in importance { words.append(row) }
    append(staged, to: &words) { [$0] }
    append(served, to: &words) { [$0.sum, $0.tokens] }
    words.append(affinity?.transitions.count ?? 0)
    for transition in affinity?.transitions ?? [] {
      words.append(transition.from.index)
      words.append(transition.to.index)
      words.append([transition.tokens, transition.batches])
      words.append(transition.weights)
    }
    return words.bytes
  }

  /// Errors in the order of their places, so that equal states are equal bytes.
  private func append<Value>(
    _ errors: [ErrorEstimate.Place: Value], to words: inout SealedWords, _ figures: (Value) -> [Double]
  ) {
    words.append(errors.count)
    for (place, value) in errors.map({ (word($0.key), $0.value) }).sorted(by: { $0.0 < $1.0 }) {
      words.append(place)
      words.append(figures(value))
    }
  }

  private func word(_ place: ErrorEstimate.Place) -> UInt64 {
    UInt64(place.expert.index) | UInt64(place.layer.index) << 24 | UInt64(place.precision.rawValue) << 48
  }

  /// The state that was written as these bytes.
  ///
  /// - Throws: `SealedError`, whatever the bytes are.
  public init(bytes: Span<UInt8>) throws(SealedError) {
    var words = try SealedReader(bytes, mark: Self.mark, version: Self.formatVersion)
    let layers = try words.integer("layers", in: 1...65_535)
    let experts = try words.integer("experts", in: 1...65_535)
    let rounds = try words.integer("rounds", in: ModelShape.roundsAllowed)
    let devices = try words.integer("devices", in: 1...65_535)
    self.init(
      layers: layers, expertsPerLayer: experts, roundsPerLayer: rounds, devices: devices,
      placement: try words.placement(layers: layers, experts: experts, devices: devices))
    try readLoad(&words)
    importance = try rows(&words)
    try readErrors(&words)
    try readAffinity(&words)
    try words.finish()
  }

  private mutating func readLoad(_ words: inout SealedReader) throws(SealedError) {
    batches = try words.number("batches", in: Self.tokens)
    spanned = try words.number("ticks", in: Self.tokens)
    if try words.integer("whether loads follow", in: 0...1) == 1 { average = try rows(&words) }
    for _ in 0..<(try words.count("windows", most: 4096)) { history.append(try rows(&words)) }
    let count = try words.count("distances of windows", most: LoadDrift.memory)
    neighbours = try words.numbers("a distance of windows", count: count, in: Self.tokens)
    guard average.isEmpty == (batches == 0), history.isEmpty == average.isEmpty, average.isEmpty || spanned > 0 else {
      throw .outOfRange("batches", value: "\(batches)", allowed: "above 0 with loads, 0 without")
    }
  }

  private mutating func readErrors(_ words: inout SealedReader) throws(SealedError) {
    for _ in 0..<(try words.count("errors of staging", most: .max)) {
      staged[try place(&words)] = try words.number("an error", in: Self.tokens)
    }
    for _ in 0..<(try words.count("errors of serving", most: .max)) {
      let place = try place(&words)
      let sum = try words.number("an error", in: Self.tokens)
      served[place] = ErrorEstimate.Served(
        sum: sum, tokens: try words.number("tokens of an error", in: .leastNormalMagnitude...Self.tokens.upperBound))
    }
  }

  private mutating func readAffinity(_ words: inout SealedReader) throws(SealedError) {
    let pairs = expertsPerLayer * expertsPerLayer
    var transitions: [AffinityTotals.Transition] = []
    for _ in 0..<(try words.count("pairs of layers", most: layers * roundsPerLayer * 2)) {
      let from = try words.integer("a layer", in: 0...layers - 1)
      let to = try words.integer("a layer", in: 0...layers - 1)
      let tokens = try words.number("tokens of a pair of layers", in: Self.tokens)
      let batches = try words.number("batches of a pair of layers", in: Self.tokens)
      transitions.append(
        AffinityTotals.Transition(
          from: LayerID(from), to: LayerID(to),
          weights: try words.numbers("tokens of a pair of experts", count: pairs, in: Self.tokens), tokens: tokens,
          batches: batches))
    }
    if !transitions.isEmpty {
      affinity = AffinityTotals(
        expertsPerLayer: expertsPerLayer, roundsPerLayer: roundsPerLayer, transitions: transitions)
    }
  }

  private func rows(_ words: inout SealedReader) throws(SealedError) -> [[Double]] {
    var rows: [[Double]] = []
    for _ in 0..<layers { rows.append(try words.numbers("a load", count: expertsPerLayer, in: Self.tokens)) }
    return rows
  }

  private func place(_ words: inout SealedReader) throws(SealedError) -> ErrorEstimate.Place {
    let word = try words.word()
    let (expert, layer) = (Int(word & 0xff_ffff), Int(word >> 24 & 0xff_ffff))
    guard expert < expertsPerLayer, layer < layers,
      let precision = UInt8(exactly: word >> 48).flatMap(Precision.init(rawValue:))
    else { throw .outOfRange("the place of an error", value: "\(word)", allowed: "experts of the model") }
    return ErrorEstimate.Place(layer: LayerID(layer), expert: ExpertID(expert), precision: precision)
  }
}

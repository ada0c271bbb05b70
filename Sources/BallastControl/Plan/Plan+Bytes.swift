package import BallastRuntime

// The form of a plan between processes: the model's layers, experts and devices, the version and the step of the switch,
// both placements and the forecast, sealed.
extension Plan {
  private static var mark: UInt64 { 0x6e61_6c70_6c6c_6162 }
  private static var formatVersion: UInt64 { 1 }

  /// The plan as bytes, with a version and a checksum.
  ///
  /// - Parameters:
  ///   - experts: Experts in each layer of its model.
  ///   - devices: Devices of its cluster.
  /// - Returns: Bytes that `read` makes the plan of again.
  package func bytes(experts: Int, devices: Int) -> [UInt8] {
    var words = SealedWords(mark: Self.mark, version: Self.formatVersion)
    for count in [current.layers.count, experts, devices, isCutShort ? 1 : 0] { words.append(count) }
    // Both count from 0, and 0 stands for none.
    words.append(version.map { $0 &+ 1 } ?? 0)
    words.append(switchStep.map { $0 &+ 1 } ?? 0)
    words.append(current)
    words.append(target)
    words.append([
      forecast.nanosecondsBefore, forecast.nanosecondsAfter, forecast.imbalanceBefore, forecast.imbalanceAfter,
      forecast.qualitySpent,
    ])
    words.append(forecast.bytesMoved)
    return words.bytes
  }

  /// The plan that was written as these bytes, and the shape it states.
  ///
  /// - Throws: `SealedError`, whatever the bytes are.
  package static func read(
    _ bytes: Span<UInt8>
  ) throws(SealedError) -> (plan: Plan, experts: Int, devices: Int) {
    var words = try SealedReader(bytes, mark: mark, version: formatVersion)
    let layers = try words.integer("layers", in: 1...65_535)
    let experts = try words.integer("experts", in: 1...65_535)
    let devices = try words.integer("devices", in: 1...65_535)
    let isCutShort = try words.integer("cut short", in: 0...1) == 1
    let (version, step) = (try words.word(), try words.word())
    let current = try words.placement(layers: layers, experts: experts, devices: devices)
    let target = try words.placement(layers: layers, experts: experts, devices: devices)
    let figures = try words.numbers("a forecast", count: 5, in: 0 ... .greatestFiniteMagnitude)
    let forecast = PlanForecast(
      nanosecondsBefore: figures[0], nanosecondsAfter: figures[1], imbalanceBefore: figures[2],
      imbalanceAfter: figures[3], bytesMoved: try words.integer("bytes moved", in: 0 ... .max),
      qualitySpent: figures[4])
    try words.finish()
    let plan = Plan(
      current: current, target: target, changes: LayerChange.between(current, target), forecast: forecast,
      isCutShort: isCutShort, version: version == 0 ? nil : version - 1, switchStep: step == 0 ? nil : step - 1)
    return (plan, experts, devices)
  }
}

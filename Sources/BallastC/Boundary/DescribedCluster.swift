import Ballast
import BallastControl
import BallastRuntime
import CBallast

/// The model and the cluster a caller describes, checked and copied.
struct DescribedCluster {
  let shape: ModelShape
  let topology: Topology
  let cost: CostModel

  // Safety: `read` looks at both addresses before it follows them; what the cluster points to is read under the same rules.
  init(_ model: UnsafePointer<ballast_model>?, _ cluster: UnsafePointer<ballast_cluster>?) throws(Refusal) {
    shape = try unsafe read(model).shape()
    let cluster = try unsafe read(cluster)
    topology = try unsafe cluster.topology()
    cost = try unsafe cluster.costModel()
  }
}

extension BalancerConfiguration {
  // Safety: the text ends with a zero, which `text` looks for no further than its limit.
  /// The configuration a text of settings makes of the defaults.
  init(settings: UnsafePointer<CChar>?) throws(Refusal) {
    let settings = try unsafe text(settings, limit: SettingsText.longestText, "settings")
    self = try refusing(BALLAST_BAD_SETTING) { () throws(SettingsError) in
      try SettingsText(parsing: settings).applied(to: BalancerConfiguration())
    }
  }
}

extension ballast_model {
  func shape() throws(Refusal) -> ModelShape {
    guard reserved == 0 else {
      throw Refusal(BALLAST_BAD_SIZE, "reserved of ballast_model is \(reserved); set it to 0")
    }
    let full = try Precision(checked: full_precision, "full_precision")
    let (float32, bfloat16, int8, int4) = bytes_per_expert
    return try refusing(BALLAST_BAD_VALUE) { () throws(ModelShapeError) in
      try ModelShape(
        layers: Int(layers), expertsPerLayer: Int(experts_per_layer), expertsPerToken: Int(experts_per_token),
        bytesPerExpert: PerPrecision((float32, bfloat16, int8, int4)).map { Int(clamping: $0) }, fullPrecision: full)
    }
  }
}

extension ballast_cluster {
  // Safety: the caller states how many devices there are; `span` looks at their address and checks every index.
  fileprivate func topology() throws(Refusal) -> Topology {
    let count = unsafe device_count
    guard (1...65_535).contains(count) else {
      throw .badValue("device_count is \(count); allowed is 1 to 65535")
    }
    let given = try unsafe span(devices, Int(count), "devices")
    var list: [Topology.Device] = []
    for index in given.indices {
      let device = given[index]
      guard device.node < 65_536 else { throw .badValue("node is \(device.node); allowed is 0 to 65535") }
      list.append(
        Topology.Device(
          memoryBytes: Int(clamping: device.memory_bytes), relativeSpeed: device.relative_speed,
          node: NodeID(Int(device.node))))
    }
    return try refusing(BALLAST_BAD_VALUE) { () throws(TopologyError) in try Topology(devices: list) }
  }

  // Safety: `read` looks at the address before it follows it.
  fileprivate func costModel() throws(Refusal) -> CostModel {
    guard let cost = unsafe cost else { return .tokens }
    return try unsafe read(cost).model()
  }
}

extension ballast_cost {
  func model() throws(Refusal) -> CostModel {
    let activation = PerPrecision(activation_nanoseconds)
    let perToken = PerPrecision(per_token_nanoseconds)
    for value in Precision.allCases.flatMap({ [activation[$0], perToken[$0]] }) {
      guard value.isFinite, value >= 0 else { throw .badValue("a cost is \(value); it must be finite and at least 0") }
    }
    for speed in [link_bytes_per_second, node_link_bytes_per_second] {
      guard speed > 0 else { throw .badValue("a link has \(speed) bytes a second; it must be above 0") }
    }
    return CostModel(
      activationNanoseconds: activation, perTokenNanoseconds: perToken, linkBytesPerSecond: link_bytes_per_second,
      nodeLinkBytesPerSecond: node_link_bytes_per_second)
  }
}

extension PerPrecision where Value: Sendable {
  /// An array of the header, `[precision]`.
  init(_ values: (Value, Value, Value, Value)) {
    self.init { precision in
      switch precision {
      case .float32: values.0
      case .bfloat16: values.1
      case .int8: values.2
      case .int4: values.3
      }
    }
  }

  fileprivate func map<Other>(_ transform: (Value) -> Other) -> PerPrecision<Other> {
    PerPrecision<Other> { transform(self[$0]) }
  }
}

extension Precision {
  init(checked code: UInt32, _ name: String) throws(Refusal) {
    guard let precision = UInt8(exactly: code).flatMap(Precision.init(rawValue:)) else {
      throw .badValue("\(name) is \(code); allowed is 0 to 3 (BALLAST_PRECISION_...)")
    }
    self = precision
  }
}

extension Phase {
  init(checked code: UInt32) throws(Refusal) {
    guard let phase = UInt8(exactly: code).flatMap(Phase.init(rawValue:)) else {
      throw .badValue("phase is \(code); allowed is 0 (prefill) and 1 (decode)")
    }
    self = phase
  }
}

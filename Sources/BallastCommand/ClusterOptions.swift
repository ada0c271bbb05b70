import ArgumentParser
import BallastOperations

/// The cluster that `plan` and `replay` place replicas on.
struct ClusterOptions: ParsableArguments {
  @Option(help: "Equal devices.")
  var devices = 8

  @Option(help: "Nodes the devices are shared among, evenly.")
  var nodes = 1

  @Option(
    help:
      "Replicas per layer in all, equally many on each device (default: the experts, rounded up to a multiple of the devices)."
  )
  var copies: Int?

  @Option(help: "Bytes of one expert at full precision (bfloat16).")
  var expertBytes = "16MiB"

  @Option(help: "Bytes a second between two devices.")
  var linkBandwidth = "50GB"

  @Option(help: "Windows a plan is expected to serve: what its gain is weighed by.")
  var planLife = 10_000

  func validate() throws {
    guard devices > 0, devices <= 65_535 else {
      throw ValidationError("--devices is \(devices); allowed is 1 to 65535")
    }
    guard nodes > 0, devices % nodes == 0 else {
      throw ValidationError("\(devices) devices cannot be shared evenly by --nodes \(nodes)")
    }
    guard planLife > 0 else { throw ValidationError("--plan-life is \(planLife); it must be at least 1") }
  }

  /// The cluster for a model of this many layers and experts.
  func model(layers: Int, experts: Int, usesCopies: Bool = true) throws(InputError) -> ReplayModel {
    let bytes = try input { () throws(UnitError) in try ByteCount(parsing: expertBytes) }
    let link = try input { () throws(UnitError) in try ByteCount(parsing: linkBandwidth) }
    let rounded = (experts + devices - 1) / devices * devices
    return try input { () throws(ReplayError) in
      try ReplayModel(
        layers: layers, experts: experts, devices: devices, nodes: nodes, copies: usesCopies ? copies ?? rounded : nil,
        expertBytes: bytes.bytes, linkBytesPerSecond: Double(link.bytes))
    }
  }
}

import ArgumentParser
import Ballast
import BallastOperations
import BallastRuntime

/// The cluster that `plan` and `replay` place replicas on.
struct ClusterOptions: ParsableArguments {
  @Option(help: "Equal devices (default: 8).")
  var devices: Int?

  @Option(help: "Nodes the devices are shared among, evenly (default: 1).")
  var nodes: Int?

  @Option(
    help: ArgumentHelp(
      "Devices of different memory, speed and node, and their links, as YAML or JSON, instead of --devices and --nodes.",
      valueName: "file"))
  var cluster: String?

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
    guard cluster == nil || (devices == nil && nodes == nil) else {
      throw ValidationError("--cluster names the devices and nodes; --devices and --nodes cannot be given with it")
    }
    let devices = devices ?? 8
    let nodes = nodes ?? 1
    guard devices > 0, devices <= 65_535 else {
      throw ValidationError("--devices is \(devices); allowed is 1 to 65535")
    }
    guard nodes > 0, devices % nodes == 0 else {
      throw ValidationError("\(devices) devices cannot be shared evenly by --nodes \(nodes)")
    }
    guard planLife > 0 else { throw ValidationError("--plan-life is \(planLife); it must be at least 1") }
  }

  /// The cluster for a model of this many layers and experts.
  func model(
    layers: Int, experts: Int, expertsPerToken: Int = 1, usesCopies: Bool = true
  ) throws(InputError) -> ReplayModel {
    let bytes = try input { () throws(UnitError) in try ByteCount(parsing: expertBytes) }
    let link = try input { () throws(UnitError) in try ByteCount(parsing: linkBandwidth) }
    var file: ClusterFile?
    if let cluster { file = try input { () throws(ClusterFileError) in try ClusterFile.read(cluster) } }
    let equal = try input { () throws(TopologyError) in
      try Topology.uniform(devices: devices ?? 8, nodes: nodes ?? 1, memoryBytesPerDevice: Int.max / 4)
    }
    let topology = file?.topology ?? equal
    let count = topology.devices.count
    let rounded = (experts + count - 1) / count * count
    return try input { () throws(ReplayError) in
      try ReplayModel(
        layers: layers, experts: experts, topology: topology, copies: usesCopies ? copies ?? rounded : nil,
        expertBytes: bytes.bytes, linkBytesPerSecond: file?.linkBytesPerSecond ?? Double(link.bytes),
        nodeLinkBytesPerSecond: file?.nodeLinkBytesPerSecond, expertsPerToken: expertsPerToken)
    }
  }
}

import BallastRuntime
import Testing

@testable import BallastOperations

@Suite struct ClusterFileTests {
  @Test func devicesMayDiffer() throws {
    let file = try ClusterFile(
      """
      linkBandwidth: 100GB
      nodeLinkBandwidth: 25GB
      devices:
        - {count: 2, memory: 80GiB, speed: 2, node: 0}
        - {memory: 24GiB, node: 1}
      """, file: "cluster.yaml")
    #expect(
      file.topology.devices == [
        .init(memoryBytes: 80 << 30, relativeSpeed: 2, node: NodeID(0)),
        .init(memoryBytes: 80 << 30, relativeSpeed: 2, node: NodeID(0)),
        .init(memoryBytes: 24 << 30, relativeSpeed: 1, node: NodeID(1)),
      ])
    #expect(file.linkBytesPerSecond == 100e9 && file.nodeLinkBytesPerSecond == 25e9)
    let json = try ClusterFile("{\"devices\": [{\"count\": 3}]}", file: "cluster.json")
    #expect(json.topology.devices.count == 3 && json.linkBytesPerSecond == nil)
  }

  @Test(arguments: [
    ("devices: []", "list"), ("devices: 3", "list"), ("[", "list"), ("", "list"), ("devices: [1]", "entry 0"),
    ("devices: [{speed: 0}]", "speed of entry 0"), ("devices: [{speed: -1}]", "'-1'"),
    ("devices: [{speed: nan}]", "'nan'"), ("devices: [{memory: lots}]", "'lots'"),
    ("devices: [{count: 70000}]", "65535"), ("devices: [{count: 40000}, {count: 40000}]", "80000"),
    ("devices: [{node: -1}]", "node of entry 0"), ("devices: [{node: 9223372036854775807}]", "65534"),
    ("devices: [{sped: 2}]", "'sped'"), ("device: []", "'device'"),
    ("{devices: [{}], linkBandwidth: fast}", "linkBandwidth"),
  ])
  func filesThatStateNoClusterAreRefused(text: String, fragment: String) {
    let error = #expect(throws: ClusterFileError.self) { try ClusterFile(text, file: "cluster.yaml") }
    #expect(error?.description.contains(fragment) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("cluster.yaml") == true)
  }
}

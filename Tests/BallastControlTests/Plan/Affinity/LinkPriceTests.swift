import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct LinkPriceTests {
  private func cost(_ link: Double, _ nodeLink: Double) -> CostModel {
    var cost = CostModel.tokens
    cost.linkBytesPerSecond = link
    cost.nodeLinkBytesPerSecond = nodeLink
    return cost
  }

  @Test func isTimeOnTheMeanDevicesLink() throws {
    let configuration = AffinityConfiguration(coefficient: 2, bytesPerToken: 4096)
    let price = LinkPrice(configuration, cost: cost(4.096e9, 2.048e9), devices: 8)
    #expect(abs(price.near - 250) < 1e-9)
    #expect(abs(price.far - 500) < 1e-9)
    let topology = try Topology.uniform(devices: 4, nodes: 2, memoryBytesPerDevice: 1)
    #expect(price.nanoseconds(from: DeviceID(0), to: DeviceID(0), in: topology) == 0)
    #expect(price.nanoseconds(from: DeviceID(0), to: DeviceID(1), in: topology) == price.near)
    #expect(price.nanoseconds(from: DeviceID(0), to: DeviceID(2), in: topology) == price.far)
  }

  @Test func linksWithoutLimitAreFree() {
    let configuration = AffinityConfiguration(coefficient: 1, bytesPerToken: 4096)
    #expect(LinkPrice(configuration, cost: cost(.infinity, .infinity), devices: 2) == .free)
    #expect(LinkPrice(AffinityConfiguration(), cost: cost(1, 1), devices: 2) == .free)
  }
}

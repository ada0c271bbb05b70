import BallastRuntime
import Testing

@testable import BallastOperations

@Suite struct DispatchInstanceTests {
  @Test(arguments: DispatchInstance.Law.allCases) func drawnInstancesAreSound(law: DispatchInstance.Law) async throws {
    for seed in 0..<12 as Range<UInt64> {
      let instance = try await DispatchInstance.drawn(law, seed: seed)
      #expect(Set(instance.replicaExperts) == Set(instance.loads.indices), "seed \(seed)")
      #expect(instance.replicaDevices.allSatisfy { (0..<instance.devices).contains($0) }, "seed \(seed)")
      #expect(instance.activation.allSatisfy { law == .tokens ? $0 == 0 : $0 > 0 }, "seed \(seed)")
      if law == .activation { #expect(instance.loads.count <= 64) }
      // No device can be quicker than the mean of the cheapest work.
      let cheapest = instance.perToken.min() ?? 0
      let least = cheapest * Double(instance.loads.reduce(0, +)) / Double(instance.devices)
      #expect(instance.longest >= least * (1 - 1e-9), "seed \(seed)")
      #expect(try await DispatchInstance.drawn(law, seed: seed) == instance, "seed \(seed)")
    }
  }

  @Test func windowsOfATrace() async throws {
    var counts: [Int32] = []
    for window in 0..<3 {
      for layer in 0..<2 { for expert in 0..<16 { counts.append(Int32(window * 3 + layer + expert)) } }
    }
    let loads = try LoadTable(NumericArray(counts, shape: [3, 2, 16]))
    let instances = try await DispatchInstance.windows(
      of: .loads(loads), rows: 1, stride: 1, law: .tokens, size: ExpertSize(hidden: 8, inner: 8))
    #expect(instances.count == 4)
    #expect(instances[0].loads == (0..<16).map { 3 + $0 })
    // The two busiest experts of the window before have a copy.
    #expect(instances.allSatisfy { $0.replicaExperts.count == 18 && $0.replicaExperts.suffix(4) == [14, 14, 15, 15] })
    do throws(BenchError) {
      _ = try await DispatchInstance.windows(
        of: .loads(loads), rows: 3, stride: 1, law: .tokens, size: ExpertSize(hidden: 8, inner: 8))
      Issue.record("one window is no two")
    } catch {
      #expect("\(error)".contains("1 windows of 3 rows"))
    }
  }
}

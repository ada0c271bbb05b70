import BallastCPU
import BallastRuntime
import ExecutorConformance
import Testing

@Suite struct CPUExecutorConformanceTests {
  @Test(arguments: ConformanceCheck.allCases, [Precision.float32, .bfloat16])
  func keepsThePromise(check: ConformanceCheck, precision: Precision) async throws {
    let source = try TestExpert(hidden: 48, inner: 40, precision: precision)
    let shape = try source.dimensions.modelShape(
      layers: 2, expertsPerLayer: 6, expertsPerToken: 2, fullPrecision: precision)
    let suite = ConformanceSuite(shape: shape, hidden: 48, computes: true) { devices, bytes in
      try CPUExecutor(
        source: source, shape: shape, dimensions: source.dimensions,
        configuration: CPUExecutorConfiguration(devices: devices, memoryBytesPerDevice: bytes))
    }
    try await suite.run(check)
  }
}

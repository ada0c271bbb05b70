public import BallastRuntime

extension CostModel {
  /// The law of an H200-class accelerator for experts of this size.
  ///
  /// Activation is the expert's bytes at 4.8 TB/s and 2 µs of launch; arithmetic is two operations a weight at 60 %
  /// of the dense peaks (bfloat16 989 TFLOP/s, int8 twice that; float32 at half of bfloat16's, int4 at int8's);
  /// links carry 450 GB/s inside a node and 50 GB/s between nodes.
  public static func h200(_ expert: ExpertSize) -> CostModel {
    let operations = 2 * Double(expert.weights)
    let bytes = expert.bytes
    return CostModel(
      activationNanoseconds: PerPrecision { 2000 + Double(bytes[$0]) / 4.8e12 * 1e9 },
      perTokenNanoseconds: PerPrecision { precision in
        let peak =
          switch precision {
          case .float32: 494.5e12
          case .bfloat16: 989e12
          case .int8, .int4: 1978e12
          }
        return operations / (0.6 * peak) * 1e9
      },
      linkBytesPerSecond: 450e9, nodeLinkBytesPerSecond: 50e9)
  }
}

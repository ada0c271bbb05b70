import BallastRuntime
import Foundation
import Testing

@testable import BallastServing

@Suite struct MixtralCheckpointTests {
  @Test func opensTheBundledModel() throws {
    let checkpoint = try BundledModel.checkpoint.get()
    #expect(checkpoint.configuration.expertsPerLayer == 32)
    #expect(checkpoint.fullPrecision == .bfloat16)
    let expert = checkpoint.weights(of: ExpertID(31), layer: LayerID(3))
    #expect(expert.gate.name == "model.layers.3.block_sparse_moe.experts.31.w1.weight")
    #expect(expert.down.shape == [192, 128])
    #expect(expert.up.withBytes { $0.byteCount } == 2 * 128 * 192)
  }

  @Test func tensorsMustBeWhatTheConfigurationSays() throws {
    let directory = try TemporaryDirectory()
    let configuration = try String(contentsOfFile: BundledModel.directory + "/config.json", encoding: .utf8)
    try FileManager.default.createSymbolicLink(
      atPath: directory.path + "/model.safetensors", withDestinationPath: BundledModel.directory + "/model.safetensors")
    func open(_ old: String, _ new: String) throws {
      try directory.write(configuration.replacingOccurrences(of: old, with: new), "config.json")
      _ = try MixtralCheckpoint(directory: directory.path)
    }
    try open("", "")
    #expect(
      throws: CheckpointError.missingTensor(
        directory: directory.path, tensor: "model.layers.4.input_layernorm.weight")
    ) { try open("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 65535") }
    #expect(
      throws: CheckpointError.wrongShape(
        file: directory.path + "/model.safetensors", tensor: "model.layers.0.block_sparse_moe.experts.0.w1.weight",
        shape: [128, 192], expected: [129, 192])
    ) { try open("\"intermediate_size\": 128", "\"intermediate_size\": 129") }
  }

  @Test func aDirectoryWithoutTensorsIsNamed() throws {
    let directory = try TemporaryDirectory()
    try directory.write(
      try String(contentsOfFile: BundledModel.directory + "/config.json", encoding: .utf8), "config.json")
    #expect(throws: CheckpointError.noFiles(directory: directory.path, suffix: ".safetensors")) {
      try MixtralCheckpoint(directory: directory.path)
    }
  }
}

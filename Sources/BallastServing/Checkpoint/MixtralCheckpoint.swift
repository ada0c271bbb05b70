public import BallastRuntime
import Foundation

/// A directory with a Mixtral-format model: `config.json` and one or more safetensors files.
///
/// Every tensor the configuration asks for is there, in the shape it asks for, once a checkpoint exists; contents
/// stay in the mapped files until they are asked for.
public struct MixtralCheckpoint: Sendable {
  /// Where it lies.
  public let directory: String
  /// What it says about itself.
  public let configuration: MixtralConfiguration
  /// How the experts' weights are stored.
  public let expertElement: ElementType
  private let tensors: [String: Tensor]
  /// All experts, `[layer · expertsPerLayer + expert]`.
  private let experts: [ExpertWeights]

  /// Opens a checkpoint and checks its tensors' names and shapes against its configuration.
  ///
  /// - Throws: `CheckpointError` naming the file, the value and the limit; nothing stays open.
  public init(directory: String) throws(CheckpointError) {
    let configuration = try MixtralConfiguration(path: directory + "/config.json")
    let tensors = try Self.tensors(in: directory)
    try Self.checkDense(configuration, tensors, directory)
    let experts = try Self.experts(configuration, tensors, directory)
    expertElement = experts[0].gate.element
    for tensor in experts.flatMap({ [$0.gate, $0.up, $0.down] }) where tensor.element != expertElement {
      throw .mixedTypes(file: tensor.path, tensor: tensor.name, type: tensor.element, expected: expertElement)
    }
    self.directory = directory
    self.configuration = configuration
    self.tensors = tensors
    self.experts = experts
  }

  /// What "full precision" means for its experts: float16 has no exact match below float32.
  public var fullPrecision: Precision { expertElement == .bfloat16 ? .bfloat16 : .float32 }

  /// The weights of one expert, still in their file.
  ///
  /// - Precondition: The configuration has that layer and expert.
  public func weights(of expert: ExpertID, layer: LayerID) -> ExpertWeights {
    precondition((0..<configuration.expertsPerLayer).contains(expert.index), "no such expert")
    return experts[layer.index * configuration.expertsPerLayer + expert.index]
  }

  /// A dense tensor as float32; the initializer has checked that it exists.
  func floats(_ name: String) -> [Float] { tensors[name]?.floats() ?? [] }

  /// A dense tensor that may be absent; nil when it is.
  func optionalFloats(_ name: String) -> [Float]? { tensors[name]?.floats() }

  private static func tensors(in directory: String) throws(CheckpointError) -> [String: Tensor] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory)
    } catch {
      throw .unreadable(file: directory, reason: "not a directory that can be listed")
    }
    let files = names.filter { $0.hasSuffix(".safetensors") }.sorted()
    guard !files.isEmpty else { throw .noFiles(directory: directory, suffix: ".safetensors") }
    var tensors: [String: Tensor] = [:]
    for file in files {
      for (name, tensor) in try Safetensors(path: directory + "/" + file).tensors {
        guard tensors.updateValue(tensor, forKey: name) == nil else {
          throw .duplicate(file: tensor.path, name: name)
        }
      }
    }
    return tensors
  }

  private static func find(
    _ name: String, _ shape: [Int], _ tensors: [String: Tensor], _ directory: String
  ) throws(CheckpointError) -> Tensor {
    guard let tensor = tensors[name] else { throw .missingTensor(directory: directory, tensor: name) }
    guard tensor.shape == shape else {
      throw .wrongShape(file: tensor.path, tensor: name, shape: tensor.shape, expected: shape)
    }
    return tensor
  }

  private static func checkDense(
    _ model: MixtralConfiguration, _ tensors: [String: Tensor], _ directory: String
  ) throws(CheckpointError) {
    _ = try find("model.embed_tokens.weight", [model.vocabulary, model.hidden], tensors, directory)
    _ = try find("model.norm.weight", [model.hidden], tensors, directory)
    if !model.tiesEmbeddings { _ = try find("lm_head.weight", [model.vocabulary, model.hidden], tensors, directory) }
    let queryWidth = model.heads * model.headWidth
    let keyValueWidth = model.keyValueHeads * model.headWidth
    for layer in 0..<model.layers {
      let names = LayerTensorNames(layer: layer)
      _ = try find(names.inputNorm, [model.hidden], tensors, directory)
      _ = try find(names.query, [queryWidth, model.hidden], tensors, directory)
      _ = try find(names.key, [keyValueWidth, model.hidden], tensors, directory)
      _ = try find(names.value, [keyValueWidth, model.hidden], tensors, directory)
      _ = try find(names.attentionOutput, [model.hidden, queryWidth], tensors, directory)
      _ = try find(names.expertNorm, [model.hidden], tensors, directory)
      _ = try find(names.router, [model.expertsPerLayer, model.hidden], tensors, directory)
      try checkRounds(model, names, tensors, directory)
    }
  }

  /// What is a round's own may be absent, but for the routers of later rounds.
  private static func checkRounds(
    _ model: MixtralConfiguration, _ names: LayerTensorNames, _ tensors: [String: Tensor], _ directory: String
  ) throws(CheckpointError) {
    for round in (0..<model.roundsPerLayer).map({ RoundID($0) }) {
      let router = names.router(round)
      if tensors[router] != nil || round != .first {
        _ = try find(router, [model.expertsPerLayer, model.hidden], tensors, directory)
      }
      for (name, shape) in [(names.norm(round), [model.hidden]), (names.gateSum(round), [1])]
      where tensors[name] != nil {
        _ = try find(name, shape, tensors, directory)
      }
    }
  }

  private static func experts(
    _ model: MixtralConfiguration, _ tensors: [String: Tensor], _ directory: String
  ) throws(CheckpointError) -> [ExpertWeights] {
    var experts: [ExpertWeights] = []
    for layer in 0..<model.layers {
      let names = LayerTensorNames(layer: layer)
      for expert in 0..<model.expertsPerLayer {
        experts.append(
          ExpertWeights(
            gate: try find(names.expert(expert, "w1"), [model.intermediate, model.hidden], tensors, directory),
            up: try find(names.expert(expert, "w3"), [model.intermediate, model.hidden], tensors, directory),
            down: try find(names.expert(expert, "w2"), [model.hidden, model.intermediate], tensors, directory)))
      }
    }
    return experts
  }
}

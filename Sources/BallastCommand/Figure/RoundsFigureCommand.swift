import ArgumentParser
import Ballast
import BallastCPU
import BallastOperations
import BallastRuntime
import BallastServing

/// `ballast figure rounds`.
struct RoundsFigureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rounds",
    abstract: "Show how far tokens stay on their device from round to round, and what that costs in balance.",
    discussion: """
      Decodes the texts with a model whose layers take several rounds. Placements of one replica of each expert are planned
      for the routing of every other sequence, under links that count more and more, and judged by the routing of the
      rest: times a token changes device, and maximum over mean tokens of a device.

      The simulated devices compute 4e14 operations a second; links carry 50 GB/s.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var options: GateFigureOptions

  @Option(help: "Equal devices that share the experts of a layer evenly.")
  var devices = 8

  func validate() throws {
    guard (1...1024).contains(devices) else { throw ValidationError("--devices is \(devices); allowed is 1 to 1024") }
    guard options.sequences >= 2 else {
      throw ValidationError("--sequences is \(options.sequences); one to plan for and one to judge by make 2")
    }
  }

  func run() async throws {
    let (model, texts) = try options.read()
    let cluster = try cluster(model)
    let (learned, unseen) = try await decode(texts, model)
    let figure = RoundsFigure(
      learned, unseen, cluster, tokenBytes: 2 * model.checkpoint.configuration.hidden)
    print(figure.table.text, terminator: "")
    if let svg = options.svg { try writeText(figure.plot.file, to: svg) }
    if let json = options.json { try writeJSON(figure, to: json) }
  }

  private func cluster(_ model: EvaluatedModel) throws(InputError) -> ReplayModel {
    let sizes = model.checkpoint.configuration
    guard sizes.roundsPerLayer > 1 else {
      throw InputError("the layers of \(model.checkpoint.directory) take one round; give --model one of several")
    }
    guard sizes.expertsPerLayer % devices == 0 else {
      throw InputError(
        "\(sizes.expertsPerLayer) experts cannot be shared evenly by \(devices) devices; change --devices")
    }
    return try input { () throws(ReplayError) in
      try ReplayModel(
        layers: sizes.layers, experts: sizes.expertsPerLayer, devices: devices, copies: sizes.expertsPerLayer,
        expertBytes: 2 * sizes.weightsPerExpert, linkBytesPerSecond: 50e9)
    }
  }

  /// What the routers chose in every other sequence, and in the rest.
  private func decode(
    _ texts: [DomainText], _ model: EvaluatedModel
  ) async throws(InputError) -> (RoutingRecord, RoutingRecord) {
    let executor = try model.executor(nil, devices: 1)
    let placement = Placement.contiguous(shape: model.shape, topology: executor.topology)
    let balancer = try await model.balancer(placement, executor: executor, isSampled: false)
    let lane = try input { () throws(LaneError) in try balancer.makeLane() }
    let bytes = EvaluationFold.sequenceBytes
    do throws(DecoderError) {
      var decoder = try Decoder(weights: model.weights, lane: lane, slots: 1, contextTokens: bytes)
      var records = [RoutingRecord(model.shape), RoutingRecord(model.shape)]
      let evaluation = TextEvaluation(sequenceBytes: bytes)
      for text in texts {
        for sequence in 0..<text.bytes.count / bytes {
          let part = Array(text.bytes[sequence * bytes..<(sequence + 1) * bytes])
          _ = try evaluation.score(part, with: &decoder) { _, selection, _ in records[sequence % 2].add(selection) }
        }
      }
      return (records[0], records[1])
    } catch {
      throw InputError(error.description)
    }
  }
}

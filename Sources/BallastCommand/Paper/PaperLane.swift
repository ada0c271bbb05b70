import Ballast
import BallastRuntime
import BallastServing

/// One policy at one batch size while it is decoded: its decoder, its times, its score.
final class PaperLane {
  private let balancer: Balancer
  private var decoder: Decoder
  private let layers: Int
  /// Microseconds a layer's experts took, step by step.
  private(set) var layerMicroseconds: [Double] = []
  private(set) var score = PredictionScore()

  init(_ balancer: Balancer, _ weights: DecoderWeights, batch: Int) throws(InputError) {
    self.balancer = balancer
    layers = weights.configuration.layers
    let lane = try input { () throws(LaneError) in try balancer.makeLane() }
    do throws(DecoderError) {
      decoder = try Decoder(weights: weights, lane: lane, slots: batch, contextTokens: PaperStreams.positions)
    } catch {
      throw InputError(error.description)
    }
  }

  /// Decodes streams side by side, one token of each a step.
  func decode(_ group: [[UInt8]]) throws(DecoderError) {
    for slot in group.indices { decoder.clear(slot: slot) }
    var batch = TokenBatch()
    for position in 0..<PaperStreams.positions {
      batch.removeAll()
      for (slot, stream) in group.enumerated() {
        batch.append(
          stream.span.extracting(position..<position + 1), slot: slot, traits: TokenTraits(phase: .decode), scored: 1)
      }
      let before = decoder.expertTime
      try decoder.step(batch)
      layerMicroseconds.append((decoder.expertTime - before) / .microseconds(1) / Double(layers))
      guard position + 1 < PaperStreams.positions else { continue }
      for (slot, stream) in group.enumerated() {
        score.add(logits: decoder.logits(row: slot), next: stream[position + 1])
      }
    }
  }

  /// What it came to.
  func row(bytes: Int) -> PaperResult.Row {
    let times = layerMicroseconds.sorted()
    let imbalance = balancer.samples.imbalance
    let batches = max(imbalance.batches, 1)
    return PaperResult.Row(
      bytes: bytes, expertImbalance: imbalance.expert / batches, replicaImbalance: imbalance.replica / batches,
      deviceImbalance: imbalance.device / batches, layerMicroseconds: times.isEmpty ? 0 : times[times.count / 2],
      bitsPerByte: score.bitsPerByte ?? 0, nextByteAccuracy: score.nextByteAccuracy ?? 0)
  }
}

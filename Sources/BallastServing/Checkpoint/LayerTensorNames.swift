import BallastRuntime

/// What the Mixtral format calls the tensors of one layer.
struct LayerTensorNames {
  let layer: Int

  private var prefix: String { "model.layers.\(layer)." }
  var inputNorm: String { prefix + "input_layernorm.weight" }
  var query: String { prefix + "self_attn.q_proj.weight" }
  var key: String { prefix + "self_attn.k_proj.weight" }
  var value: String { prefix + "self_attn.v_proj.weight" }
  var attentionOutput: String { prefix + "self_attn.o_proj.weight" }
  var expertNorm: String { prefix + "post_attention_layernorm.weight" }
  var router: String { prefix + "block_sparse_moe.gate.weight" }

  // The format knows one round, so the names of what is a round's own are ours.

  func router(_ round: RoundID) -> String { prefix + "block_sparse_moe.rounds.\(round).gate.weight" }
  func norm(_ round: RoundID) -> String { prefix + "block_sparse_moe.rounds.\(round).norm.weight" }
  func gateSum(_ round: RoundID) -> String { prefix + "block_sparse_moe.rounds.\(round).gate_sum" }

  func expert(_ expert: Int, _ matrix: String) -> String {
    prefix + "block_sparse_moe.experts.\(expert).\(matrix).weight"
  }
}

import BallastGating

// Mowst (arXiv 2311.05185): a weak expert answers for the nodes it is sure of, a strong one for the rest. Here the weak
// expert reads a node's own features, and the strong one, a graph convolution, their mean over two hops. Gathering is
// what the strong expert costs beyond its products: a node the weak expert is sure of is spared it.
//
// Training is plain loops; serving goes through a balancer, on the CPU executor.
let graph = CitationGraph(seed: 1)
let known = (0..<CitationGraph.classes).flatMap { label in
  graph.labels.indices.filter { graph.labels[$0] == label }.prefix(100)
}
let unknown = Array(Set(graph.labels.indices).subtracting(known)).sorted()

func trained(on features: [Float], epochs: Int, seed: UInt64) -> NodeExpert {
  var expert = NodeExpert(seed: seed)
  for epoch in 0..<epochs {
    for turn in known.indices {
      // 211 is prime: all known nodes in an order that mixes classes.
      let node = known[(turn * 211 + epoch) % known.count]
      let row = Array(features[node * NodeExpert.width..<(node + 1) * NodeExpert.width])
      expert.learn(row[...], label: graph.labels[node], rate: 0.005)
    }
  }
  return expert
}

/// Share of the unknown nodes whose class is right, in percent.
func accuracy(_ logits: [[Float]]) -> String {
  let right = zip(unknown, logits).count { node, row in
    row.indices.max { (row[$0], -$0) < (row[$1], -$1) } == graph.labels[node]
  }
  return percent(right, of: unknown.count)
}

func percent(_ part: Int, of whole: Int) -> String {
  let tenths = (part * 1000 + whole / 2) / whole
  return "\(tenths / 10).\(tenths % 10) %"
}

var experts = try await Experts(
  weak: trained(on: graph.own, epochs: 4, seed: 2), strong: trained(on: graph.gathered, epochs: 8, seed: 3))
let weak = try experts.logits(0, of: unknown, reading: graph.own)
let strong = try experts.logits(1, of: unknown, reading: graph.gathered)

// The gate as it serves: the weak expert's answers come by, and half of them may be escalated.
let confidence = try Confidence(.variance)
let confidences = try weak.map { try confidence.of($0.span) }
var budget = try EscalationBudget(share: 0.5)
let isEscalated = confidences.map { budget.escalates($0) }
let rest = unknown.indices.filter { isEscalated[$0] }
var gated = weak
for (place, logits) in zip(rest, try experts.logits(1, of: rest.map { unknown[$0] }, reading: graph.gathered)) {
  gated[place] = logits
}

// As many drawn without looking, and the mix, which computes both experts for every node.
var draws = Draws(seed: 4)
let drawn = unknown.indices.map { draws.below(unknown.count) < rest.count ? strong[$0] : weak[$0] }
let mix = unknown.indices.map { place in
  zip(softmax(weak[place]), softmax(strong[place])).map { weak, strong in
    Float(confidences[place]) * weak + (1 - Float(confidences[place])) * strong
  }
}

let homophily = Int((graph.homophily * 1000).rounded())
print("\(CitationGraph.nodes) nodes of \(CitationGraph.classes) classes, \(graph.links) links, ", terminator: "")
print("\(homophily / 10).\(homophily % 10) % of them within a class; \(known.count) nodes are labelled")
print("weak expert, every node        \(accuracy(weak))")
print("strong expert, every node      \(accuracy(strong))")
print("mix of both, every node        \(accuracy(mix))")
print("gated: \(percent(rest.count, of: unknown.count)) to the strong one \(accuracy(gated))")
print("as many drawn at random        \(accuracy(drawn))")

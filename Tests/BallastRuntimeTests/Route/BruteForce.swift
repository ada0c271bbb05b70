import BallastRuntime

/// The exact answer for instances small enough to try every division.
enum BruteForce {
  static func longest(loads: [Int], graph: ReplicaGraph) -> Double {
    var search = Search(loads: loads, graph: graph, times: Array(repeating: 0, count: graph.devices))
    search.place(expert: 0)
    return search.best
  }

  private struct Search {
    let loads: [Int]
    let graph: ReplicaGraph
    var times: [Double]
    var best = Double.infinity

    mutating func place(expert: Int) {
      let longest = times.max() ?? 0
      guard longest < best else { return }
      guard expert < loads.count else { return best = longest }
      divide(loads[expert], expert, graph.replicas(of: expert))
    }

    mutating func divide(_ left: Int, _ expert: Int, _ replicas: Range<Int>) {
      guard let replica = replicas.first else { return }
      for tokens in (replicas.count == 1 ? left : 0)...left {
        let device = Int(graph.device[replica])
        let before = times[device]
        if tokens > 0 { times[device] += graph.activation[replica] + Double(tokens) * graph.perToken[replica] }
        if replicas.count == 1 {
          place(expert: expert + 1)
        } else {
          divide(left - tokens, expert, replicas.dropFirst())
        }
        times[device] = before
      }
    }
  }
}

import BallastRuntime
import Benchmark

let benchmarks: @Sendable () -> Void = {
  let warm = Benchmark.Configuration(
    metrics: [.mallocCountTotal, .wallClock], warmupIterations: 10, scalingFactor: .kilo, maxDuration: .seconds(2))

  Benchmark("RecordAndRoute", configuration: warm) { benchmark in
    let workload = try Workload()
    var lane = try workload.path.makeLane()
    try lane.dispatch(workload.selection, layer: workload.layer) { blackHole($0.rows.count) }
    benchmark.startMeasurement()
    for _ in benchmark.scaledIterations {
      try lane.dispatch(workload.selection, layer: workload.layer) { blackHole($0.rows.count) }
    }
    benchmark.stopMeasurement()
  }

  for shape in ServingShape.allCases {
    Benchmark(shape.rawValue, configuration: shape.configuration) { benchmark in
      let workload = try Workload(shape)
      var lane = try workload.path.makeLane()
      try lane.dispatch(workload.selection, layer: workload.layer) { blackHole($0.rows.count) }
      benchmark.startMeasurement()
      for _ in benchmark.scaledIterations {
        try lane.dispatch(workload.selection, layer: workload.layer) { blackHole($0.rows.count) }
      }
      benchmark.stopMeasurement()
    }
  }

  Benchmark("ServeWithoutComputing", configuration: warm) { benchmark in
    let workload = try Workload()
    var lane = try workload.path.makeLane()
    let input = [Float](repeating: 0, count: workload.tokens)
    var output = [Float](repeating: 0, count: workload.tokens)
    var span = output.mutableSpan
    try lane.serve(workload.selection, layer: workload.layer, input: input.span, output: &span)
    benchmark.startMeasurement()
    for _ in benchmark.scaledIterations {
      try lane.serve(workload.selection, layer: workload.layer, input: input.span, output: &span)
    }
    benchmark.stopMeasurement()
  }

  // A lane's first batch allocates its scratch: seeing that proves that the zeros above are counted, not missed.
  let cold = Benchmark.Configuration(metrics: [.mallocCountTotal], maxDuration: .seconds(1), maxIterations: 100)
  Benchmark("FirstBatch", configuration: cold) { benchmark in
    let workload = try Workload()
    var lane = try workload.path.makeLane()
    benchmark.startMeasurement()
    try lane.dispatch(workload.selection, layer: workload.layer) { blackHole($0.rows.count) }
    benchmark.stopMeasurement()
  }
}

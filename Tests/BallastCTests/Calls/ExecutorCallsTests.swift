import BallastC
import CBallast
import Glibc
import Testing

/// A program that lets Ballast own its experts.
private final class Owner {
  static let (experts, hidden, inner, tokens) = (4, 32, 16, 8)

  let executor: ballast_executor
  let balancer: ballast_balancer
  let lane: ballast_lane
  private let weights: [[Float]]

  static var options: ballast_executor_options {
    ballast_executor_options(
      size: UInt32(MemoryLayout<ballast_executor_options>.stride), layers: 1, experts_per_layer: UInt32(experts),
      experts_per_token: 2, hidden: UInt32(hidden), inner: UInt32(inner), full_precision: 0, devices: 2,
      memory_bytes_per_device: 0)
  }

  init() throws {
    var (executor, balancer, lane, options) = (ballast_executor(), ballast_balancer(), ballast_lane(), Self.options)
    try expectDone(ballast_executor_create(&options, &executor))
    weights = (0..<Self.experts).map { expert in
      (0..<Self.hidden * Self.inner).map { Float(($0 * 7 + expert * 13) % 19 - 9) / 32 }
    }
    for (expert, matrix) in weights.enumerated() {
      // Its elements stay where they are for as long as `weights` does.
      let start = matrix.withUnsafeBufferPointer { $0.baseAddress }
      try expectDone(ballast_executor_load(executor, 0, UInt32(expert), start, start, start))
    }
    try expectDone(
      ballast_balancer_create_on(
        executor, "planner.memoryBudgetShare = 3\nplanner.qualityBudget = 0\ncontroller.dwellTicks = 1\nmode = observe",
        &balancer))
    try expectDone(ballast_lane_create(balancer, &lane))
    (self.executor, self.balancer, self.lane) = (executor, balancer, lane)
  }

  deinit {
    _ = ballast_balancer_destroy(balancer)
    _ = ballast_executor_destroy(executor)
  }

  /// Expert 0 and another, evenly weighted.
  func forward(_ change: (inout ballast_selection) -> Void = { _ in }) -> (status: ballast_status, output: [Float]) {
    let chosen = (0..<Self.tokens).flatMap { [Int32(0), Int32(1 + $0 % (Self.experts - 1))] }
    let gates = [Float](repeating: 0.5, count: chosen.count)
    let input = (0..<Self.tokens * Self.hidden).map { Float($0 % 7 - 3) / 8 }
    var output = [Float](repeating: .nan, count: input.count)
    let status = Embedder.withSelection(chosen) { selection in
      gates.withUnsafeBufferPointer { gates in
        selection.gates = gates.baseAddress
        change(&selection)
        return ballast_lane_forward(lane, 0, &selection, input, nil, &output)
      }
    }
    return (status, output)
  }

  /// The first token, by hand.
  var expected: [Float] {
    let input = (0..<Self.hidden).map { Float($0 % 7 - 3) / 8 }
    var sum = [Float](repeating: 0, count: Self.hidden)
    for expert in [0, 1] {
      let matrix = weights[expert]
      let opened = (0..<Self.inner).map { row in
        (0..<Self.hidden).reduce(Float(0)) { $0 + matrix[row * Self.hidden + $1] * input[$1] }
      }
      let middle = opened.map { value in value / (1 + exponential(-value)) * value }
      for row in 0..<Self.hidden {
        sum[row] += 0.5 * (0..<Self.inner).reduce(Float(0)) { $0 + matrix[row * Self.inner + $1] * middle[$1] }
      }
    }
    return sum
  }

  /// e to the power of `value`, by its series.
  private func exponential(_ value: Float) -> Float {
    var (sum, term) = (1.0, 1.0)
    for step in 1...60 {
      term *= Double(value) / Double(step)
      sum += term
    }
    return Float(sum)
  }
}

extension BlockingCalls {
  @Suite struct ExecutorCallsTests {
    @Test func computesWhatTheExpertsSay() throws {
      let owner = try Owner()
      let (status, output) = owner.forward()
      try expectDone(status)
      for (value, expected) in zip(output, owner.expected) { #expect(abs(value - expected) < 1e-4) }
    }

    @Test func refusesWhatItCannotCompute() throws {
      let owner = try Owner()
      #expect(owner.forward { $0.gates = nil }.status == BALLAST_BAD_POINTER)
      #expect(owner.forward { $0.mask = UnsafePointer(bitPattern: 8) }.status == BALLAST_BAD_VALUE)
      #expect(owner.forward { $0.expert_bytes = 3 }.status == BALLAST_BAD_VALUE)
      #expect(Embedder.withSelection { ballast_lane_forward(owner.lane, 0, &$0, nil, nil, nil) } != BALLAST_OK)
      let advised = try Embedder()
      #expect(
        Embedder.withSelection { ballast_lane_forward(advised.lane, 0, &$0, nil, nil, nil) } == BALLAST_WRONG_MODE)
      var step = ballast_step()
      step.size = UInt32(MemoryLayout<ballast_step>.stride)
      #expect(ballast_balancer_next_step(owner.balancer, 0, &step) == BALLAST_WRONG_MODE)
    }

    @Test func weightsAreCheckedAsFarAsTheyCanBe() throws {
      var (executor, balancer, options) = (ballast_executor(), ballast_balancer(), Owner.options)
      options.devices = 0
      #expect(ballast_executor_create(&options, &executor) == BALLAST_BAD_VALUE)
      options = Owner.options
      options.hidden = 65_537
      #expect(ballast_executor_create(&options, &executor) == BALLAST_BAD_VALUE)
      options = Owner.options
      try expectDone(ballast_executor_create(&options, &executor))
      defer { _ = ballast_executor_destroy(executor) }
      let matrix = [Float](repeating: 0, count: Owner.hidden * Owner.inner)
      #expect(ballast_executor_load(executor, 1, 0, matrix, matrix, matrix) == BALLAST_BAD_VALUE)
      #expect(ballast_executor_load(executor, 0, 4, matrix, matrix, matrix) == BALLAST_BAD_VALUE)
      #expect(ballast_executor_load(executor, 0, 0, matrix, nil, matrix) == BALLAST_BAD_POINTER)
      let odd = matrix.withUnsafeBytes { $0.baseAddress.map { $0 + 1 } }
      #expect(ballast_executor_load(executor, 0, 0, odd, matrix, matrix) == BALLAST_BAD_POINTER)
      #expect(ballast_balancer_create_on(executor, nil, &balancer) == BALLAST_BAD_VALUE)
      #expect(explanation.contains("4 experts have no weights"))
    }

    @Test func aPlanIsSwitchedToWhenServingReachesItsStep() throws {
      let owner = try Owner()
      for _ in 0..<4 { try expectDone(owner.forward().status) }
      var (plan, statistics) = (ballast_plan(), ballast_statistics())
      statistics.size = UInt32(MemoryLayout<ballast_statistics>.stride)
      try expectDone(planCopy(owner, &plan))
      try expectDone(ballast_plan_set_switch(plan, 10))
      try expectDone(ballast_balancer_apply(owner.balancer, plan))
      try expectDone(ballast_balancer_reach(owner.balancer, 9))
      try expectDone(ballast_balancer_statistics(owner.balancer, &statistics))
      #expect(statistics.table_version == 0)
      while ballast_balancer_reach(owner.balancer, 10) == BALLAST_BUSY { usleep(1000) }
      try expectDone(ballast_balancer_statistics(owner.balancer, &statistics))
      #expect(statistics.table_version == 1)
      let (status, output) = owner.forward()
      try expectDone(status)
      for (value, expected) in zip(output, owner.expected) { #expect(abs(value - expected) < 1e-4) }
    }

    @Test func aPlanThatWaitsForItsStepCanBeAborted() throws {
      let owner = try Owner()
      var plan: ballast_plan = 0
      #expect(ballast_balancer_abort(owner.balancer) == BALLAST_NOTHING)
      try expectDone(planCopy(owner, &plan))
      try expectDone(ballast_plan_set_switch(plan, 10))
      try expectDone(ballast_balancer_apply(owner.balancer, plan))
      while ballast_balancer_abort(owner.balancer) == BALLAST_NOTHING { usleep(1000) }
      try expectDone(ballast_balancer_reach(owner.balancer, 10))
      var statistics = ballast_statistics()
      statistics.size = UInt32(MemoryLayout<ballast_statistics>.stride)
      try expectDone(ballast_balancer_statistics(owner.balancer, &statistics))
      #expect(statistics.table_version == 0)
    }

    /// A plan that puts a second copy of an expert on a device that has none of it.
    private func planCopy(_ owner: Owner, _ plan: inout ballast_plan) -> ballast_status {
      var replicas = Array(repeating: ballast_replica(), count: 64)
      var count: UInt64 = 0
      _ = ballast_balancer_placement(owner.balancer, &replicas, 64, &count)
      var target = Array(replicas.prefix(Int(count)))
      let device = 1 - (target.first { $0.expert == 0 }?.device ?? 0)
      target.append(ballast_replica(layer: 0, expert: 0, device: device, precision: 0, replica: 0, reserved: 0))
      return ballast_balancer_plan_to(owner.balancer, target, UInt64(target.count), &plan)
    }
  }
}

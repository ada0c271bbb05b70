import Ballast
import BallastC
import BallastRuntime
import BallastSimulator
import CBallast
import Testing

extension BlockingCalls {
  @Suite struct ReplayCallsTests {
    private static var options: ballast_replay_options {
      ballast_replay_options(
        size: UInt32(MemoryLayout<ballast_replay_options>.stride), policy: UInt32(BALLAST_REPLAY_BALLAST), layers: 2,
        experts_per_layer: 4, devices: 2, nodes: 1, copies_per_layer: 6, windows: 4, batches_per_window: 2,
        plan_life_windows: 1000, expert_bytes: 1000, link_bytes_per_second: 1e12)
    }

    /// `[window][batch][layer][expert]`; expert 0 is busiest in the first layer, expert 3 in the second.
    private static let tokens: [UInt64] = (0..<8).flatMap { batch in
      [60, 20, 10, UInt64(10 + batch % 3), 5, 10, 20, 65]
    }

    private static func result() -> ballast_replay_result {
      var result = ballast_replay_result()
      result.size = UInt32(MemoryLayout<ballast_replay_result>.stride)
      return result
    }

    @Test(arguments: [BALLAST_REPLAY_STATIC, BALLAST_REPLAY_GREEDY, BALLAST_REPLAY_BALLAST])
    func figuresAreThoseOfTheReplayItself(policy: Int) async throws {
      var (options, result) = (Self.options, Self.result())
      options.policy = UInt32(policy)
      var windows = Array(repeating: ballast_replay_window(), count: 3)
      var count: UInt64 = 0
      try expectDone(ballast_replay(&options, "", Self.tokens, &result, &windows, 3, &count))
      #expect(count == 3)

      let model = try ReplayModel(
        layers: 2, experts: 4, devices: 2, copies: 6, expertBytes: 1000, linkBytesPerSecond: 1e12)
      let replay = Replay(
        model: model, policy: [.static, .greedy, .ballast][policy],
        configuration: Replay.configuration(copies: 6, planLifeWindows: 1000))
      let cluster = SimulatedCluster(shape: model.shape, topology: model.topology, cost: model.cost, seed: 0)
      let recorded = (0..<4).map { window in
        (0..<2).map { batch in
          (0..<2).map { layer in
            (0..<4).map { Int(Self.tokens[((window * 2 + batch) * 2 + layer) * 4 + $0]) }
          }
        }
      }
      let expected = try await replay.run(recorded, on: cluster).result
      #expect(result.device_imbalance == expected.mean && result.device_imbalance_worst == expected.worst)
      #expect(result.bytes_moved == UInt64(expected.bytesMoved))
      #expect(windows.map(\.device_imbalance) == expected.windows.map(\.deviceImbalance))
      #expect(windows.map(\.window) == [1, 2, 3])
      #expect(windows.map(\.copies_moved) == expected.windows.map { UInt64($0.copiesMoved) })
    }

    @Test func theResultAloneIsEnough() throws {
      var (options, result) = (Self.options, Self.result())
      try expectDone(ballast_replay(&options, nil, Self.tokens, &result, nil, 0, nil))
      #expect(result.device_imbalance >= 1 && result.device_imbalance < 1.2)
      #expect(result.size == UInt32(MemoryLayout<ballast_replay_result>.stride))
    }

    @Test func tooFewPlacesAreCounted() {
      var (options, result) = (Self.options, Self.result())
      var windows = Array(repeating: ballast_replay_window(), count: 3)
      var count: UInt64 = 0
      #expect(ballast_replay(&options, nil, Self.tokens, &result, &windows, 2, &count) == BALLAST_BUFFER_TOO_SMALL)
      #expect(count == 3)
      #expect(windows[0].window == 0)
    }

    @Test(arguments: [
      ("policy", "policy is 3"), ("windows", "windows is 1"), ("batches", "batches_per_window is 0"),
      ("copies", "5 copies"), ("devices", "0 devices"), ("link", "link"), ("life", "plan_life_windows"),
      ("bytes", "expert"), ("layers", "layers is 0"), ("many", "the limit is"), ("tokens", "tokens has more than"),
    ])
    func refuses(_ member: String, saying fact: String) {
      var (options, result, tokens) = (Self.options, Self.result(), Self.tokens)
      switch member {
      case "policy": options.policy = 3
      case "windows": options.windows = 1
      case "batches": options.batches_per_window = 0
      case "copies": options.copies_per_layer = 5
      case "devices": options.devices = 0
      case "link": options.link_bytes_per_second = .nan
      case "life": options.plan_life_windows = 0
      case "bytes": options.expert_bytes = .max
      case "layers": options.layers = 0
      case "many": (options.windows, options.batches_per_window) = (.max, .max)
      default: tokens[9] = .max
      }
      #expect(ballast_replay(&options, nil, tokens, &result, nil, 0, nil) == BALLAST_BAD_VALUE)
      #expect(explanation.contains(fact), "\(explanation)")
    }

    @Test func settingsAndAddressesAreChecked() {
      var (options, result) = (Self.options, Self.result())
      #expect(ballast_replay(&options, "planner.nothing = 1", Self.tokens, &result, nil, 0, nil) == BALLAST_BAD_SETTING)
      #expect(ballast_replay(nil, nil, Self.tokens, &result, nil, 0, nil) == BALLAST_BAD_POINTER)
      #expect(ballast_replay(&options, nil, nil, &result, nil, 0, nil) == BALLAST_BAD_POINTER)
      #expect(ballast_replay(&options, nil, Self.tokens, nil, nil, 0, nil) == BALLAST_BAD_POINTER)
      result.size = 8
      #expect(ballast_replay(&options, nil, Self.tokens, &result, nil, 0, nil) == BALLAST_BAD_SIZE)
    }
  }
}

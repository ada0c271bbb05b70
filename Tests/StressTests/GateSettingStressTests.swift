import BallastRuntime
import Testing

@Suite struct GateSettingStressTests {
  @Test func aLaneThatFollowsNeverSeesHalfASetting() async {
    let setting = GateSetting(GateConfiguration(mass: 0.5, expertsAtMost: 1))
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<3 {
        group.addTask {
          var seen: UInt64 = 0
          var configuration = setting.configuration
          var last = 0
          for _ in 0..<20_000 {
            _ = setting.follow(&seen, &configuration)
            guard configuration.mass == 0.5 / Double(configuration.expertsAtMost), configuration.expertsAtMost >= last
            else { return false }
            last = configuration.expertsAtMost
          }
          return true
        }
      }
      group.addTask {
        for turn in 2..<2000 {
          setting.update {
            $0.expertsAtMost = turn
            $0.mass = 0.5 / Double(turn)
          }
        }
        return true
      }
      for await isWhole in group { #expect(isWhole) }
    }
  }
}

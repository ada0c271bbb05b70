import BallastRuntime
import Testing

@Suite struct GateSettingTests {
  @Test func aChangeIsTakenInOnce() {
    let setting = GateSetting(GateConfiguration())
    var seen: UInt64 = 0
    var configuration = setting.configuration
    #expect(!setting.follow(&seen, &configuration))
    setting.update { $0.mass = 0.5 }
    #expect(configuration.mass == 0.9)
    #expect(setting.follow(&seen, &configuration) && configuration.mass == 0.5)
    #expect(!setting.follow(&seen, &configuration))
  }

  @Test func whatChangesNothingIsNotTakenIn() {
    let setting = GateSetting(GateConfiguration(mass: 0.5))
    var seen: UInt64 = 0
    var configuration = setting.configuration
    setting.update { $0.mass = 0.5 }
    #expect(!setting.follow(&seen, &configuration))
  }
}

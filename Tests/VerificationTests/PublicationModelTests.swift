import Foundation
import Testing

/// Explores `docs/verification/publication.pml`, and breaks it to see that the checker would notice.
@Suite struct PublicationModelTests {
  @Test func threeLanesAndThreePlansNeverReadWhatIsGone() throws {
    let finding = try ModelChecker.explore(["LANES=3", "PLANS=3"])
    #expect(finding.errors == 0, "\(finding.message)")
    #expect(finding.isComplete)
    #expect(finding.states > 3_000_000)
  }

  @Test func aLoadThatOvertakesLeavingChangesNothing() throws {
    let finding = try ModelChecker.explore(["LANES=2", "PLANS=3", "OVERTAKING"])
    #expect(finding.errors == 0, "\(finding.message)")
    #expect(finding.isComplete)
    #expect(finding.states > 300_000)
  }

  @Test func twoReplicasAreLikeOne() throws {
    let finding = try ModelChecker.explore(["LANES=2", "PLANS=2", "REPLICAS=2"])
    #expect(finding.errors == 0, "\(finding.message)")
    #expect(finding.isComplete)
    #expect(finding.states > 100_000)
  }

  @Test func whatWaitsIsRetiredOnceLanesLeave() throws {
    let finding = try ModelChecker.explore(["LANES=2", "PLANS=3"], .liveness)
    #expect(finding.errors == 0, "\(finding.message)")
    #expect(finding.isComplete)
    #expect(finding.states > 300_000)
  }

  /// Each breaks one rule; the words are of the assertion that must fail.
  static let unsafeMutants = [
    ("NO_ANNOUNCEMENT", "freed[held]"), ("LOAD_BEFORE_ANNOUNCING", "freed[held]"),
    ("LEAVE_BEFORE_READING", "freed[held]"), ("ADVANCE_BEFORE_STORING", "freed[held]"),
    ("FREE_ONE_TOO_MANY", "freed[held]"), ("FREE_WITHOUT_LOOKING", "freed[held]"),
    ("LABEL_ONE_TOO_OLD", "names[held]"), ("RETIRE_WITHOUT_LOOKING", "names[held]"),
    ("PUBLISH_BEFORE_STAGED", "names[address]"), ("PUBLISH_HALF", "address==before"),
    ("KEEP_AFTER_FAILURE", "staged=="), ("FORGET_WHAT_WAITS", "staged=="),
  ]

  @Test(arguments: unsafeMutants)
  func aMutantThatEndangersIsCaught(mutant: String, assertion: String) throws {
    let finding = try ModelChecker.explore(["LANES=2", "PLANS=2", mutant])
    #expect(finding.errors == 1)
    #expect(finding.message.contains(assertion), "\(finding.message)")
  }

  @Test(arguments: ["NEVER_LEAVES", "NEVER_LOOK_AGAIN"])
  func aMutantThatWaitsForEverIsCaught(mutant: String) throws {
    let finding = try ModelChecker.explore(["LANES=2", "PLANS=2", mutant], .liveness)
    #expect(finding.errors == 1)
    #expect(finding.message.contains("acceptance cycle"), "\(finding.message)")
  }

  @Test func everyMutantOfTheModelIsTried() throws {
    let model = try String(contentsOf: ModelChecker.model, encoding: .utf8)
    let switches = model.split(separator: "\n").compactMap { line -> String? in
      let words = line.split(separator: " ")
      guard let first = words.first, ["#ifdef", "#ifndef"].contains(first), words.count > 1 else { return nil }
      return String(words[1])
    }
    let settings: Set<String> = ["LANES", "PLANS", "REPLICAS", "OVERTAKING"]
    let tried = Set(Self.unsafeMutants.map(\.0) + ["NEVER_LEAVES", "NEVER_LOOK_AGAIN"])
    #expect(Set(switches).subtracting(settings) == tried)
  }
}

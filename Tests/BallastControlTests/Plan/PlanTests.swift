import BallastControl
import BallastRuntime
import Testing

@Suite struct PlanTests {
  @Test func onlyACopyWhereThereWasNoneIsMoved() throws {
    let small = try SmallLayer(tokens: [4, 1, 1], on: [0, 0, 1])
    var target = small.placement
    target.layers[0] = target.layers[0].applying(
      LayerChange(
        layer: LayerID(0), removed: [Replica(1, on: 0), Replica(2, on: 1)],
        added: [Replica(1, on: 0, .int8), Replica(2, on: 0), Replica(0, on: 1)]))
    #expect(small.placement.copiesMoved(to: target) == 2)
    #expect(target.copiesMoved(to: target) == 0)
  }

  @Test func aPlanLeadsFromItsCurrentToItsTarget() throws {
    let planning = try PlanningCase(seed: 11)
    let start = Placement.contiguous(shape: planning.shape, topology: planning.topology)
    let plan = planning.planner().plan(from: start, for: planning.estimate, within: planning.limits(share: 1.4))
    var layers = plan.current.layers
    for change in plan.changes { layers[change.layer.index] = layers[change.layer.index].applying(change) }
    #expect(plan.current == start)
    #expect(layers == plan.target.layers)
    #expect(plan.copiesMoved > 0)
    #expect(plan.copiesMoved <= plan.changes.reduce(0) { $0 + $1.added.count })
  }

  private func planned() throws -> (plan: Plan, bytes: [UInt8]) {
    let planning = try PlanningCase(seed: 11)
    let start = Placement.contiguous(shape: planning.shape, topology: planning.topology)
    var plan = planning.planner().plan(from: start, for: planning.estimate, within: planning.limits(share: 1.4))
    plan.switchStep = 99
    return (
      plan,
      plan.bytes(experts: planning.shape.expertsPerLayer, devices: planning.topology.devices.count)
    )
  }

  @Test func aPlanIsReadBackAsItWasWritten() throws {
    let (plan, bytes) = try planned()
    let read = try Plan.read(bytes.span)
    #expect(read.plan.current == plan.current && read.plan.target == plan.target)
    #expect(read.plan.changes == plan.changes && read.plan.forecast == plan.forecast)
    #expect(read.plan.switchStep == 99 && read.plan.version == nil && read.plan.isCutShort == plan.isCutShort)
    #expect(read.plan.bytes(experts: read.experts, devices: read.devices) == bytes)
  }

  @Test func aDamagedPlanIsRefused() throws {
    var (_, bytes) = try planned()
    for length in stride(from: 0, to: bytes.count, by: 7) {
      #expect(throws: SealedError.self) { try Plan.read(bytes.span.extracting(first: length)) }
    }
    for place in bytes.indices {
      bytes[place] ^= 0x20
      #expect(throws: SealedError.damaged) {
        do throws(SealedError) { _ = try Plan.read(bytes.span) } catch {
          switch error {
          case .anotherKind, .version: throw SealedError.damaged
          default: throw error
          }
        }
      }
      bytes[place] ^= 0x20
    }
  }
}

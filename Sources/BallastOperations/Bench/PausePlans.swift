import BallastControl
import BallastRuntime

/// The two placements that plans lead back and forth between: alike in bytes and work, so that steps are.
///
/// In each layer the first expert is stored at int8 and the second at full precision, or the other way around. A plan
/// stages one replica of each precision a layer, publishes, and retires as many.
struct PausePlans {
  let placements: [Placement]

  /// Needs two experts a layer.
  init(shape: ModelShape, topology: Topology) throws(BenchError) {
    guard shape.expertsPerLayer > 1 else {
      throw .unmade("plans swap two experts of a layer; the model has \(shape.expertsPerLayer)")
    }
    let plain = Placement.contiguous(shape: shape, topology: topology)
    placements = (0..<2).map { lowered in
      Placement(
        layers: plain.layers.map { layer in
          LayerPlacement(
            layer.replicas.map { replica in
              var stored = replica
              if replica.expert.index == lowered { stored.precision = .int8 }
              return stored
            })
        })
    }
  }

  /// The plan from one placement to the other.
  func plan(from current: Int) -> Plan { Plan(from: placements[current], to: placements[1 - current]) }
}

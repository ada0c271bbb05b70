import BallastRuntime

/// Puts replicas in place: checks, reserves, packs, measures, publishes.
///
/// Jobs of the staging thread hold this, never the executor: the executor waits for that thread when it is let go of.
struct ReplicaStager: Sendable {
  let shape: ModelShape
  let dimensions: ExpertDimensions
  let sourcePrecision: Precision
  let arenas: [DeviceArena]
  let stored: StoredExperts
  let table: ReplicaTable
  let packer: ReplicaPacker
  let thread: StagingThread

  /// What the kernels can hold, from the most exact.
  static let precisions: [Precision] = [.float32, .bfloat16, .int8, .int4]

  /// Whether storing weights this way loses nothing of the checkpoint, or nothing the model counts as lost.
  func isExact(_ precision: Precision) -> Bool {
    precision.satisfies(sourcePrecision) || precision.satisfies(shape.fullPrecision)
  }

  /// Stages one replica, on the thread it is called on.
  ///
  /// - Throws: `StagingError`; then nothing of it is left on the device.
  func place(_ replica: Replica, layer: LayerID, _ cancellation: Cancellation) throws(StagingError) -> StagedReplica {
    try check(replica, layer: layer)
    if cancellation.isCancelled { throw .cancelled }
    if replica.residency == .stored { return try enterStored(replica, layer: layer) }
    let arena = arenas[replica.device.index]
    let bytes = dimensions.bytes(replica.precision)
    // Safety: the block is owned by `packed`, and freed by the catch or by whoever takes it out of the table.
    let packed = try unsafe PackedReplica(
      replica, layer: layer, block: arena.allocate(bytes: bytes, precision: replica.precision), arena: arena,
      dimensions: dimensions)
    do throws(StagingError) {
      let start = monotonicNanoseconds()
      var written = 0
      try packer.pack(packed) { piece throws(StagingError) in
        written += piece
        try thread.pause(since: start, bytes: written, cancellation)
      }
      let error = isExact(replica.precision) ? 0 : try packer.relativeError(of: packed)
      if cancellation.isCancelled { throw .cancelled }
      guard let handle = table.insert(packed) else {
        throw .outOfMemory(device: replica.device, neededBytes: bytes, freeBytes: 0)
      }
      return StagedReplica(layer: layer, replica: replica, handle: handle, bytes: bytes, relativeError: error)
    } catch {
      packed.free()
      throw error
    }
  }

  /// Makes sure that a stored replica can be packed, and names it.
  private func enterStored(_ replica: Replica, layer: LayerID) throws(StagingError) -> StagedReplica {
    let scratch = KernelScratch(dimensions)
    // Safety: the room is this function's, and its weights are not used.
    _ = try unsafe stored.fetch(layer: layer, expert: replica.expert, into: scratch.room(bytes: stored.roomBytes))
    guard let handle = table.insert(PackedReplica(stored: replica, layer: layer)) else {
      throw .outOfMemory(device: replica.device, neededBytes: 0, freeBytes: 0)
    }
    return StagedReplica(layer: layer, replica: replica, handle: handle, bytes: 0, relativeError: 0)
  }

  private func check(_ replica: Replica, layer: LayerID) throws(StagingError) {
    let isHeld = replica.residency == .resident || replica.precision == shape.fullPrecision
    guard isHeld, Self.precisions.contains(replica.precision) else { throw .unsupportedPrecision(replica.precision) }
    guard (0..<arenas.count).contains(replica.device.index) else { throw .deviceLost(replica.device) }
    guard (0..<shape.layers).contains(layer.index), (0..<shape.expertsPerLayer).contains(replica.expert.index) else {
      throw .badWeights(
        layer: layer, expert: replica.expert,
        reason: "the model has layers below \(shape.layers) and experts below \(shape.expertsPerLayer)")
    }
  }
}

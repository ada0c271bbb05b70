public import ArgumentParser
import Ballast
public import BallastControl
public import BallastOperations
public import BallastRuntime
import Foundation

/// `ballast plan`: one placement from recorded loads.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Plan where replicas go, from the tokens each expert got.",
    discussion: """
      Reads loads [layers, experts] or [windows, layers, experts] (windows are averaged), plans a placement, prints a
      line per layer and device and, with --json, writes the placement. With --current the plan starts from that
      placement and moves only what pays over --plan-life windows; without it nothing is there yet and moving is free.

      With --memory-budget the number of replicas follows from the bytes. A budget below one copy of each expert at
      full precision (bfloat16) needs a lower --precision.

      Exit status: 0 done, 1 a file could not be used or the replicas do not fit, 2 the command line could not be
      understood.
      """)

  @Argument(help: ArgumentHelp("Tokens per expert, an array file of whole numbers.", valueName: "loads.npy"))
  var loads: String

  @OptionGroup var cluster: ClusterOptions

  @Option(
    help: ArgumentHelp(
      "Start from the placement another plan wrote with --json, or from an engine's file as --export writes it.",
      valueName: "file"))
  var current: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Devices that are gone with all they held; needs --current.", valueName: "device"))
  var lost: [Int] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Devices to be emptied; needs --current.", valueName: "device"))
  var drained: [Int] = []

  @Option(
    help:
      "What the balance is judged by: even shares of an expert's tokens, or dispatch, which divides each batch best.")
  var split = SplitRule.even

  @Option(
    help:
      "Groups of experts, one after another, that each stay on one node; for even shares from nothing. Default: an expert may go anywhere."
  )
  var groups: Int?

  @Option(help: "The least exact precision the plan may use; needs --memory-budget.")
  var precision = Precision.bfloat16

  @Option(
    help: ArgumentHelp(
      "Bytes, or a share of one copy of each expert, that all replicas may take.", valueName: "bytes|share"))
  var memoryBudget: String?

  @Option(help: "Most a layer's quality may be forecast to suffer, as relative output error.")
  var qualityBudget = 0.01

  @Option(help: "How to plan: ballast, or greedy, which replicates and packs from scratch.")
  var policy = PlanPolicy.ballast

  @Option(help: ArgumentHelp("Write the placement and the figures as JSON.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("Write the placement as an engine loads it.", valueName: "file"))
  var export: String?

  @Option(help: "The engine --export writes for: sglang, vllm or trtllm.")
  var format = PlacementFormat.sglang

  @Option(help: "Dense layers before the first MoE layer, for engines' files that number all layers.")
  var firstLayer = 0

  func validate() throws {
    try cluster.validate()
    guard memoryBudget == nil || cluster.copies == nil else {
      throw ValidationError("--copies and --memory-budget exclude each other; give one")
    }
    guard precision != .float32 else {
      throw ValidationError("--precision is float32; the experts are bfloat16, so allowed is bfloat16, int8 or int4")
    }
    guard precision == .bfloat16 || memoryBudget != nil else {
      throw ValidationError("--precision \(precision) needs --memory-budget; with --copies all replicas are bfloat16")
    }
    guard policy == .ballast || memoryBudget == nil else {
      throw ValidationError("--policy greedy packs a number of --copies; it knows no --memory-budget")
    }
    guard groups == nil || (current == nil && memoryBudget == nil && split == .even && policy == .ballast) else {
      throw ValidationError(
        "--groups is for even shares from nothing; it excludes --current, --memory-budget, --split dispatch and --policy greedy"
      )
    }
    guard (lost.isEmpty && drained.isEmpty) || current != nil else {
      throw ValidationError("\(lost.isEmpty ? "--drained" : "--lost") needs --current, the placement devices leave")
    }
    guard (0...65_535).contains(firstLayer) else {
      throw ValidationError("--first-layer is \(firstLayer); allowed is 0 to 65535")
    }
    guard qualityBudget >= 0, qualityBudget.isFinite else {
      throw ValidationError("--quality-budget is \(qualityBudget); it must be at least 0")
    }
  }

  func run() throws {
    let table = try input { () throws(ArrayError) in try LoadTable.read(loads) }
    let budget = try memoryBudget.map { text in
      try input { () throws(UnitError) in try MemoryAllowance(parsing: text) }
    }
    let model = try cluster.model(layers: table.layers, experts: table.experts, usesCopies: budget == nil)
    let start = try current.map { path in
      try input { () throws(PlanDocumentError) in
        try CurrentPlacement.read(
          path, shape: model.shape, topology: model.topology, firstLayer: firstLayer)
      }
    }
    let planning = LoadPlanning(
      model: model, loads: table, start: start, budget: budget, precision: precision, qualityBudget: qualityBudget,
      split: split, isGreedy: policy == .greedy, planLifeWindows: cluster.planLife,
      groups: groups, statuses: try statuses(model.topology.devices.count))
    let document = try input { () throws(LoadPlanningError) in try planning.document() }
    var exported: String?
    if export != nil {
      let rows = try input { () throws(PlacementFormatError) in
        try PlacementFormat.rows(document.placement, precision: document.precision)
      }
      exported = format.text(rows: rows, experts: table.experts, firstLayer: firstLayer)
    }
    print(PlanSummary(document).text)
    if let json { try writeJSON(document, to: json) }
    if let export, let exported { try writeText(exported, to: export) }
  }

  /// `[device]`: whether it takes part.
  private func statuses(_ devices: Int) throws(InputError) -> [DeviceStatus] {
    var statuses = Array(repeating: DeviceStatus.serving, count: devices)
    for (list, status) in [(drained, DeviceStatus.draining), (lost, .lost)] {
      for device in list {
        guard statuses.indices.contains(device) else {
          throw InputError("device \(device) is not one of 0 to \(devices - 1)")
        }
        guard statuses[device] == .serving else { throw InputError("device \(device) is named twice") }
        statuses[device] = status
      }
    }
    return statuses
  }
}

/// How `ballast plan` plans.
enum PlanPolicy: String, CaseIterable, ExpressibleByArgument {
  case ballast
  case greedy
}

extension SplitRule: ExpressibleByArgument {}

extension PlacementFormat: ExpressibleByArgument {}

extension Precision: ExpressibleByArgument {
  /// Reads a precision by its name.
  public init?(argument: String) { self.init(name: argument) }

  /// The names that are understood.
  public static var allValueStrings: [String] { allCases.filter { $0 != .float32 }.map(\.description) }
}

public import ArgumentParser
public import BallastControl
import BallastOperations
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

  @Option(help: ArgumentHelp("Start from the placement another plan wrote with --json.", valueName: "plan.json"))
  var current: String?

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
        try CurrentPlacement.read(path, shape: model.shape, topology: model.topology)
      }
    }
    let planning = LoadPlanning(
      model: model, loads: table, start: start, budget: budget, precision: precision, qualityBudget: qualityBudget,
      split: split, isGreedy: policy == .greedy, planLifeWindows: cluster.planLife,
      groups: groups)
    let document = try input { () throws(LoadPlanningError) in try planning.document() }
    print(PlanSummary(document).text)
    if let json { try writeJSON(document, to: json) }
  }
}

/// How `ballast plan` plans.
enum PlanPolicy: String, CaseIterable, ExpressibleByArgument {
  case ballast
  case greedy
}

extension SplitRule: ExpressibleByArgument {}

extension Precision: ExpressibleByArgument {
  /// Reads a precision by its name.
  public init?(argument: String) { self.init(name: argument) }

  /// The names that are understood.
  public static var allValueStrings: [String] { allCases.filter { $0 != .float32 }.map(\.description) }
}

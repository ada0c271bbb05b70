import ArgumentParser

/// `ballast bench`: the serving path measured on this machine.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the serving path on this machine, beside what the machine allows at best.",
    discussion: """
      Every row is repeated: first until its time is steady (the medians of the last windows of samples agree), then
      for --seconds. The table says the median, what 99 in 100 samples do not exceed, the spread (half the distance
      between the quartiles) and the floor: what this machine cannot go below, measured in the same run. Each
      benchmark's --help says how its floor is derived.

      Figures are of a quiet machine only: what else runs shows in spread, p99 and "steady".

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """,
    subcommands: [
      RecordBenchCommand.self, DispatchBenchCommand.self, PublishBenchCommand.self, PauseBenchCommand.self,
      GateBenchCommand.self, PlanBenchCommand.self, ExpertsBenchCommand.self, AllBenchCommand.self,
      InstancesBenchCommand.self,
    ])
}

import ArgumentParser
import BallastOperations
import BallastRuntime

/// `ballast bench record`: counting a batch's load.
struct RecordBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Measure counting: 4096 tokens that choose 8 of 256 experts, in ns per assignment.",
    discussion: """
      record          expert ids of 16 bits drawn uniformly, checked and counted in one thread; the figure to compare
      recordZipf      ids by Zipf's law with exponent 1
      recordOne       every choice is the same expert, the worst case for a counter
      recordUInt8     the uniform ids, of 8 bits
      recordInt32     the same, of 32 bits
      recordTwoLanes  two threads with a lane each: ns per assignment of a lane

      The floor is the time of adding 1 to a counter named by an id, ids 0 to 255 in turn: the load, the addition and
      the store that no way of counting avoids, without a repeated id to wait for.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var options: BenchOptions

  func run() throws {
    if let json = options.json { try checkWritable(json) }
    let bench = try input { () throws(BenchError) in try ServingBench(seconds: options.seconds, seed: options.seed) }
    try options.report(try input { () throws(BenchError) in try bench.record() })
  }
}

import ArgumentParser
import BallastOperations

/// `ballast bench publish`: replacing the routing table.
struct PublishBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish",
    abstract: "Measure publishing a routing table, in ns per call.",
    discussion: """
      publish         replace the table and let go of the old one, while no lane reads; 8 reader slots
      publishRead     what a lane pays to read the table: announce, load, leave
      publishCompile  compile a layer of 288 replicas into a table, which happens before publishing

      The floor of publish is two sequentially consistent exchanges (the table, the generation), that of publishRead
      one (the announcement), measured on a word nobody else touches; that of publishCompile is its replicas' bytes at
      the rate this machine copies.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var options: BenchOptions

  func run() throws {
    if let json = options.json { try checkWritable(json) }
    let bench = try input { () throws(BenchError) in try ServingBench(seconds: options.seconds, seed: options.seed) }
    try options.report(try input { () throws(BenchError) in try bench.publish() })
  }
}

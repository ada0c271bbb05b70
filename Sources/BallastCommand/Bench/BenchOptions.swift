import ArgumentParser
import BallastOperations

/// What every benchmark lets its user choose.
struct BenchOptions: ParsableArguments {
  @Option(help: "How long each row is measured; warming up takes at most as long again.")
  var seconds = 1.0

  @Option(help: "Decides every random choice.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
  var json: String?

  func validate() throws {
    guard seconds >= 0.001, seconds <= 3600 else {
      throw ValidationError("--seconds is \(seconds); allowed is 0.001 to 3600")
    }
  }

  /// Prints the rows as a table and writes them where --json says.
  func report(_ rows: [BenchRow]) throws(InputError) {
    print(BenchRow.table(rows).text, terminator: "")
    if let json { try writeJSON(BenchDocument(rows), to: json) }
  }
}

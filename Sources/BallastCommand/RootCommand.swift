import ArgumentParser
import Foundation

/// The `ballast` executable.
@main
struct RootCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ballast",
    abstract: "Adaptive load balancing for mixture-of-experts inference.",
    discussion: """
      Every verb explains itself with --help. Exit status: 0 done, 1 an input could not be used, 2 the command line
      could not be understood.
      """,
    version: "0.1.0",
    subcommands: [
      RunCommand.self, PaperCommand.self, EvalCommand.self, ImportanceCommand.self, PlanCommand.self,
      ReplayCommand.self,
      BenchCommand.self, FigureCommand.self, ConfigCommand.self,
    ])

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let error as InputError {
      FileHandle.standardError.write(Data("ballast: \(error.message)\n".utf8))
      Foundation.exit(1)
    } catch {
      leave(error)
    }
  }

  /// Prints what the argument parser has to say, and ends with its status; a usage error is 2.
  private static func leave(_ error: any Error) -> Never {
    let status = exitCode(for: error).rawValue
    guard status != 0 else { exit(withError: error) }
    FileHandle.standardError.write(Data("\(fullMessage(for: error))\n".utf8))
    Foundation.exit(2)
  }
}

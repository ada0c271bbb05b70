import ArgumentParser
import Ballast
import BallastOperations
import Foundation

/// `ballast config`: the annotated default configuration, and a check of one.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Print the annotated default configuration, or check a file.",
    discussion: """
      ballast config > ballast.yaml    a file with every knob, its default, its range and what it means
      ballast config check FILE        says whether `ballast run --config FILE` would take it

      YAML and JSON are read; the environment overrides both, by the variables the printed text names.

      Exit status: 0 done or valid, 1 the file or a variable is not valid, 2 the command line could not be understood.
      """,
    subcommands: [PrintDefault.self, Check.self],
    defaultSubcommand: PrintDefault.self)

  /// `ballast config print`, which is also `ballast config`.
  struct PrintDefault: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "print", abstract: "Print every knob with its default, range and meaning, as YAML.")

    func run() { print(ConfigurationSchema.annotated(), terminator: "") }
  }

  /// `ballast config check FILE`.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check", abstract: "Check a configuration file and the environment's overrides.",
      discussion: """
        Says the first key that is unknown, of the wrong type or out of range, with its value and what is allowed.

        Exit status: 0 valid, 1 not valid, 2 the command line could not be understood.
        """)

    @Argument(help: "A configuration, YAML or JSON.")
    var file: String

    func run() throws {
      _ = try input { () throws(ConfigurationError) in
        try ConfigurationFile(path: file, environment: ProcessInfo.processInfo.environment)
      }
      print("\(file): valid")
    }
  }
}

import ArgumentParser
import BallastOperations
import Foundation

/// `ballast config`: the annotated default configuration, and a check of one.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Print the annotated default configuration, or check a file.",
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
      commandName: "check", abstract: "Check a configuration file and the environment's overrides.")

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

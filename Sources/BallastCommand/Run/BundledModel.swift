import Foundation

/// The model and texts that ship with Ballast.
enum BundledModel {
  private static let folder = "Examples/Models/bytes-moe-10m"

  /// The folder of the bundled model: looked for above the executable, then in the working directory.
  static func directory() throws(InputError) -> String {
    let executable = (Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0]))
      .resolvingSymlinksInPath()
    var above: [URL] = []
    var place = executable.deletingLastPathComponent()
    for _ in 0..<5 {
      above.append(place.appendingPathComponent(folder))
      place = place.deletingLastPathComponent()
    }
    let here = URL(fileURLWithPath: FileManager.default.currentDirectoryPath).appendingPathComponent(folder)
    for candidate in above + [here] where FileManager.default.fileExists(atPath: candidate.path + "/config.json") {
      return candidate.path
    }
    throw InputError(
      "the bundled model is neither above the executable (\(executable.path)) nor at \(here.path); give --model DIR")
  }
}

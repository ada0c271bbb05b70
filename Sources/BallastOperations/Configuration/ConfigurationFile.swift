import Ballast
public import BallastControl

/// A configuration file that is watched by asking: the last good configuration stays until a better one is read.
public struct ConfigurationFile: Sendable {
  /// What a look at the file found.
  public enum Change: Hashable, Sendable {
    /// Nothing to do: the file, or what it says, is as it was.
    case unchanged
    /// The file says something else, and it is valid.
    case changed(BalancerConfiguration)
    /// The file was changed and cannot be used; the last good configuration stays.
    case refused(ConfigurationError)
  }

  /// Most bytes a configuration may have.
  public static let limitBytes = 1 << 20

  /// Where the file stands.
  public let path: String
  /// The last good configuration.
  public private(set) var configuration: BalancerConfiguration
  private let environment: [String: String]
  private var stamp: FileStamp?

  /// Reads the file for the first time.
  ///
  /// - Throws: `ConfigurationError`.
  public init(path: String, environment: [String: String] = [:]) throws(ConfigurationError) {
    self.path = path
    self.environment = environment
    // The stamp is taken before reading: a change that falls between is seen by the next poll.
    stamp = try? FileStamp(path: path)
    configuration = try Self.read(path, environment: environment)
  }

  /// Looks whether the file has changed, and reads it if so; each change is reported once.
  ///
  /// - Complexity: One system call while nothing changes.
  public mutating func poll() -> Change {
    let current = try? FileStamp(path: path)
    guard current != stamp else { return .unchanged }
    stamp = current
    do throws(ConfigurationError) {
      let next = try Self.read(path, environment: environment)
      guard next != configuration else { return .unchanged }
      for key in ConfigurationSchema.keys where key.isFixed {
        let running = key.value(in: configuration)
        let asked = key.value(in: next)
        guard running == asked else { throw .fixedKey(key: key.path, running: "\(running)", asked: "\(asked)") }
      }
      configuration = next
      return .changed(next)
    } catch {
      return .refused(error)
    }
  }

  private static func read(
    _ path: String, environment: [String: String]
  ) throws(ConfigurationError) -> BalancerConfiguration {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try WholeFile.read(path, limitBytes: limitBytes)
    } catch {
      throw .file(error)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText(file: path) }
    return try ConfigurationSchema.configuration(text: text, file: path, environment: environment)
  }
}

import BallastOperations
import Foundation

/// Writes a value as JSON, keys sorted, whole or not at all.
func writeJSON(_ value: some Encodable, to path: String) throws(InputError) {
  try writeText(JSONText.text(value), to: path)
}

/// Writes a text, whole or not at all.
func writeText(_ text: String, to path: String) throws(InputError) {
  try input { () throws(FileError) in try WholeFile.write(text, to: path) }
}

/// Says before long work that its result could not be written.
func checkWritable(_ path: String) throws(InputError) {
  let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
  guard FileManager.default.isWritableFile(atPath: folder) else {
    throw InputError("\(path) cannot be written: \(folder) is not a folder that can be written to")
  }
}

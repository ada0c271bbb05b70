/// The beginning of a text from outside, fit for one line of a message.
func excerpt(_ text: String, limit: Int = 60) -> String {
  let visible = text.unicodeScalars.prefix(limit).map { scalar in
    scalar.properties.generalCategory == .control ? "\u{FFFD}" : Character(scalar)
  }
  return String(visible) + (text.unicodeScalars.count > limit ? "…" : "")
}

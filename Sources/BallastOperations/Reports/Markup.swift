/// Text as the content or an attribute of HTML and SVG.
///
/// Control characters, which no document may hold, become the replacement character.
func escaped(_ text: String) -> String {
  var escaped = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": escaped += "&amp;"
    case "<": escaped += "&lt;"
    case ">": escaped += "&gt;"
    case "\"": escaped += "&quot;"
    case "'": escaped += "&#39;"
    case "\n", "\t": escaped.unicodeScalars.append(scalar)
    case "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
    case _ where scalar.properties.generalCategory == .control: escaped += "\u{FFFD}"
    default: escaped.unicodeScalars.append(scalar)
    }
  }
  return escaped
}

/// An element; attributes are escaped, `content` is markup already.
func element(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: String = "") -> String {
  let written = attributes.map { " \($0)=\"\(escaped($1))\"" }.joined()
  return content.isEmpty ? "<\(name)\(written)/>" : "<\(name)\(written)>\(content)</\(name)>"
}

/// A text inside a drawing.
func label(_ text: String, x: Double, y: Double, style: String, turned: Bool = false) -> String {
  guard !text.isEmpty else { return "" }
  let place = turned ? "rotate(-90 \(at(x)) \(at(y)))" : "translate(0 0)"
  return element("text", ["x": at(x), "y": at(y), "class": style, "transform": place], escaped(text))
}

/// A coordinate to a tenth of a pixel.
func at(_ coordinate: Double) -> String { fixed(coordinate, digits: 1) }

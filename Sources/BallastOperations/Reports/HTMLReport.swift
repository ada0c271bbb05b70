/// A report in one HTML file that needs nothing else, light or dark as its reader prefers.
public struct HTMLReport: Hashable, Sendable {
  /// The title.
  public var title: String
  /// What stands under the title, such as the command and its seed.
  public var subtitle: String
  /// The parts, in order.
  public var sections: [ReportSection]

  /// States a report.
  public init(title: String, subtitle: String = "", sections: [ReportSection]) {
    self.title = title
    self.subtitle = subtitle
    self.sections = sections
  }

  /// The document; all text in it is escaped.
  public var text: String {
    let parts = sections.map { section in
      element(
        "section", [:],
        element("h2", [:], escaped(section.heading))
          + section.paragraphs.map { element("p", [:], escaped($0)) }.joined()
          + section.figures.map(\.markup).joined(separator: "\n"))
    }
    let head =
      element("meta", ["charset": "utf-8"])
      + element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
      + element("title", [:], escaped(title)) + element("style", [:], reportStyle)
    let lead = subtitle.isEmpty ? "" : element("p", ["class": "lead"], escaped(subtitle))
    let main = element("h1", [:], escaped(title)) + lead + "\n" + parts.joined(separator: "\n")
    return "<!DOCTYPE html>\n"
      + element(
        "html", ["lang": "en"], element("head", [:], head) + "\n" + element("body", [:], element("main", [:], main)))
      + "\n"
  }

  /// Writes the document, replacing what stands there.
  ///
  /// - Throws: `FileError.unwritable`; the old file stands.
  public func write(to path: String) throws(FileError) { try WholeFile.write(text, to: path) }
}

/// A part of a report: a heading, what there is to say, and figures.
public struct ReportSection: Hashable, Sendable {
  /// The heading.
  public var heading: String
  /// What there is to say, a paragraph each.
  public var paragraphs: [String]
  /// What is shown below.
  public var figures: [ReportFigure]

  /// States a section.
  public init(_ heading: String, paragraphs: [String] = [], figures: [ReportFigure] = []) {
    self.heading = heading
    self.paragraphs = paragraphs
    self.figures = figures
  }
}

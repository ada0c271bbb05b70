import Foundation
import FoundationXML
import Testing

/// Expects a report that fetches nothing and whose every plot is well-formed.
func expectSelfContained(_ report: String, sourceLocation: SourceLocation = #_sourceLocation) {
  for outside in ["src=", "href=", "url(", "@import", "<script", "<link"] {
    #expect(!report.contains(outside), sourceLocation: sourceLocation)
  }
  let plots = report.components(separatedBy: "<svg").dropFirst().map { part in
    "<svg" + (part.components(separatedBy: "</svg>").first ?? "") + "</svg>"
  }
  #expect(!plots.isEmpty, sourceLocation: sourceLocation)
  for plot in plots {
    #expect(XMLParser(data: Data(plot.utf8)).parse(), "\(plot.prefix(200))", sourceLocation: sourceLocation)
    #expect(!plot.contains("nan") && !plot.contains("inf"), sourceLocation: sourceLocation)
  }
}

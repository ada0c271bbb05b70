public import Ballast
public import BallastControl

extension ConfigurationSchema {
  /// A configuration as commented YAML that reads back to the same configuration.
  ///
  /// Keys the dispatch policy does not use stand in comments.
  public static func annotated(_ configuration: BalancerConfiguration = BalancerConfiguration()) -> String {
    var lines = [
      "# Ballast: every knob of a balancer. Each key may be left out; its default then holds.",
      "# Environment variables override this file. A change takes effect between ticks, unless it says otherwise.",
    ]
    var section: String?
    for key in keys {
      lines.append("")
      if key.section != section, let name = key.section { lines.append("\(name):") }
      section = key.section
      lines += annotatedLines(key, configuration)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func annotatedLines(_ key: ConfigurationKey, _ configuration: BalancerConfiguration) -> [String] {
    let indent = key.section == nil ? "" : "  "
    let remark = key.isUsed(in: configuration) ? "" : "# "
    var notes = [key.explanation, "Allowed: \(key.domain). Environment: \(key.environmentName)."]
    if key.isFixed { notes.append("Fixed at start: takes effect when a balancer is made.") }
    if let policy = key.policy { notes.append("Only with policy \(policy).") }
    return notes.map { "\(indent)# \($0)" } + ["\(indent)\(remark)\(key.name): \(key.value(in: configuration))"]
  }
}

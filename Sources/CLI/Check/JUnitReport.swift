import Checking

/// A check as JUnit's XML, which CI systems show as tests: a case for each image, and one for each kind of finding that
/// is about no image.
struct JUnitReport: Sendable {
  let report: CheckReport
  let failOn: FailureLevel

  private struct Case {
    let suite: String
    let name: String
    let findings: [CheckFinding]
  }

  var text: String {
    let images = report.images.map { image in
      let name = image.subject.given
      return Case(suite: "images", name: name, findings: report.findings.filter { $0.image == name })
    }
    let others = report.findings.filter { $0.image == nil }
    let codes = CheckCode.allCases.filter { code in others.contains { $0.code == code } }
    let rest = codes.map { code in
      Case(suite: "others", name: code.words, findings: others.filter { $0.code == code })
    }
    let suites = [("images", images), ("others", rest)].filter { !$0.1.isEmpty }
    let all = images + rest
    var lines = [
      #"<?xml version="1.0" encoding="UTF-8"?>"#,
      #"<testsuites name="prepull check" tests="\#(all.count)" failures="\#(failures(in: all))">"#,
    ]
    for (name, cases) in suites {
      lines.append(#"  <testsuite name="\#(name)" tests="\#(cases.count)" failures="\#(failures(in: cases))">"#)
      for one in cases { lines += self.lines(of: one) }
      lines.append("  </testsuite>")
    }
    return (lines + ["</testsuites>"]).joined(separator: "\n") + "\n"
  }

  private func failures(in cases: [Case]) -> Int { cases.count { $0.findings.contains(where: failOn.counts) } }

  private func lines(of one: Case) -> [String] {
    let head = #"    <testcase classname="prepull.check.\#(one.suite)" name="\#(Self.escaped(one.name))""#
    guard !one.findings.isEmpty else { return [head + "/>"] }
    let failing = one.findings.filter(failOn.counts)
    let others = one.findings.filter { !failOn.counts($0) }
    var lines = [head + ">"]
    if let first = failing.first {
      let texts = failing.map(Self.text).joined(separator: "\n")
      let message = (first.image.map { "\($0) " } ?? "") + first.detail
      lines.append(
        #"      <failure type="\#(first.code.rawValue)" message="\#(Self.escaped(message))">"#
          + "\(Self.escaped(texts))</failure>")
    }
    if !others.isEmpty {
      lines.append("      <system-out>\(Self.escaped(others.map(Self.text).joined(separator: "\n")))</system-out>")
    }
    return lines + ["    </testcase>"]
  }

  private static func text(_ finding: CheckFinding) -> String {
    let places = finding.origins.map { "\n  in \($0)" }.joined()
    return "\(finding.level.rawValue): \(finding.text)\(places)"
  }

  /// Text as XML 1.0 may hold it; characters that it may not hold at all become spaces.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n": result += "\n"
      case _
      where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || [0xFFFE, 0xFFFF].contains(scalar.value):
        result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

import ArgumentParser
import Checking
import Commands
import Documents
import Terminal

/// The printing part of `prepull check`.
struct CheckPrinter {
  let output: CheckCommand.Output
  let failOn: FailureLevel
  let ignored: [CheckCode]
  let thresholds: DiskThresholds
  /// A drawing of the times, where one is wanted.
  let plot: String?
  var isQuiet = false

  /// - Returns: whether nothing was found that counts as a failure.
  func print(_ report: CheckReport, _ estimate: CheckEstimate?) throws -> Bool {
    let console = Console.standardError
    let out = Console.standardOutput
    var report = report
    for index in report.findings.indices where ignored.contains(report.findings[index].code) {
      report.findings[index].isIgnored = report.findings[index].level == .error
      report.findings[index].level = .note
    }
    let isGood = !report.findings.contains(where: failOn.counts)
    if !isQuiet, let remark = estimate?.remark { console.write(lines: console.wrapped(["note: \(remark)"])) }
    if let path = plot { try draw(estimate, to: path) }
    switch output {
    case .table where isQuiet:
      report.findings.removeAll { !failOn.counts($0) }
      let table = CheckTable(report: report, estimate: nil, thresholds: thresholds, failOn: failOn)
      console.write(lines: console.wrapped(table.findings(console.style)))
    case .table:
      let style = out.style
      let table = CheckTable(
        report: report, estimate: estimate, thresholds: thresholds,
        failOn: failOn)
      try out.writeAll(table.lines(style: style, columns: out.columns).joined(separator: "\n") + "\n")
    case .json:
      try out.writeAll(CheckDocument(report: report, estimate: estimate, isGood: isGood).json.text + "\n")
    case .yaml:
      let document = CheckDocument(report: report, estimate: estimate, isGood: isGood).json
      try out.writeAll(try ManifestOutput.yaml(of: document))
    case .junit: try out.writeAll(JUnitReport(report: report, failOn: failOn).text)
    case .sarif: try out.writeAll(SARIFReport(report: report).json.text + "\n")
    }
    return isGood
  }

  private func draw(_ estimate: CheckEstimate?, to path: String) throws {
    guard let chart = estimate?.chart else {
      throw ValidationError(
        "there is nothing to draw: --plot needs an image that is there, and nodes: a cluster's, or --node-count")
    }
    try PlotFile.write(chart.svg(), to: path)
  }
}

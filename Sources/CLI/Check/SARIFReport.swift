import Checking
import Commands
import Documents
import Foundation

/// A check as SARIF 2.1.0, which code hosts show beside the lines of a file. Source: OASIS, SARIF version 2.1.0.
struct SARIFReport: Sendable {
  let report: CheckReport

  var json: JSON {
    let codes = CheckCode.allCases.filter { code in report.findings.contains { $0.code == code } }
    let rules = codes.map { code -> JSON in
      [
        "id": .string(code.rawValue), "name": .string(code.rawValue.prefix(1).uppercased() + code.rawValue.dropFirst()),
        "shortDescription": ["text": .string(Self.sentence(code.title))],
        "defaultConfiguration": ["level": .string(code.level.rawValue)],
      ]
    }
    let results = report.findings.map { finding -> JSON in
      var result: JSON = [
        "ruleId": .string(finding.code.rawValue), "level": .string(finding.level.rawValue),
        "message": ["text": .string(finding.text)],
        "ruleIndex": .integer(Int64(codes.firstIndex(of: finding.code) ?? 0)),
        // What a finding is known by from run to run, wherever its lines move.
        "partialFingerprints": ["finding/v1": .string("\(finding.code.rawValue) \(finding.image ?? finding.detail)")],
      ]
      let locations = Self.locations(of: finding)
      if !locations.isEmpty { result["locations"] = .array(locations) }
      return result
    }
    let driver: JSON = ["name": "prepull", "version": .string(Version.current), "rules": .array(rules)]
    return [
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
      "runs": [["tool": ["driver": driver], "results": .array(results)]],
    ]
  }

  /// The lines of files where it was named; of what stands in no file, what it is called.
  private static func locations(of finding: CheckFinding) -> [JSON] {
    let origins = finding.origins.isEmpty && finding.image != nil ? [ImageOrigin()] : finding.origins
    return origins.map { origin in
      var location: JSON = .null
      if let file = origin.file {
        var place: JSON = ["artifactLocation": ["uri": .string(uri(of: file))]]
        if let line = origin.line { place["region"] = ["startLine": .integer(Int64(line))] }
        location["physicalLocation"] = place
      }
      if let name = origin.object ?? finding.image {
        let path = [origin.object, origin.path].compactMap(\.self).joined(separator: " ")
        location["logicalLocations"] = [
          ["name": .string(name), "fullyQualifiedName": .string(path.isEmpty ? name : path), "kind": "resource"]
        ]
      }
      return location
    }
  }

  private static func uri(of file: String) -> String {
    let path = file.hasPrefix("./") ? String(file.dropFirst(2)) : file
    return (path.hasPrefix("/") ? "file://" : "")
      + (path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path)
  }

  private static func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() + "." }
}

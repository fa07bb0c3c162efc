import Foundation
import Subprocess
import Testing

/// A program of others that the tests hold our files against.
enum Tool {
  /// What it printed.
  ///
  /// - Throws: `Failure` with what it said when it ended with another code than 0.
  static func output(
    _ name: String, _ arguments: [String], environment: [String: String] = [:]
  ) async throws -> String {
    var variables: [Environment.Key: String?] = [:]
    for (name, value) in environment { variables[Environment.Key(stringLiteral: name)] = value }
    let result = try await run(
      .name(name), arguments: Arguments(arguments), environment: .inherit.updating(variables), input: .none,
      output: .string(limit: 8 << 20), error: .string(limit: 1 << 20))
    guard result.terminationStatus.isSuccess else {
      throw Failure(description: "\(name) \(arguments.first ?? ""): \(result.standardError)")
    }
    return result.standardOutput
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }
}

/// The real Helm (4.2), from a Python package that brings it as a library; `scripts/packages test` installs it.
enum Helm {
  private static let package = "/usr/local/lib/prepull-tests/helm-python-sdk"

  static var isThere: Bool { FileManager.default.fileExists(atPath: package) }

  private static let program = """
    import json, sys
    from helm_python.chart import Chart, lint
    command, chart = sys.argv[1:3]
    if command == "lint":
      print(json.dumps(lint(chart)))
    else:
      with Chart.load(chart) as loaded:
        files = loaded.render(values=json.loads(sys.argv[3]), name="prepull", namespace=sys.argv[4])
        print(json.dumps(files))
    """

  /// `helm template`: what each file of the chart becomes.
  static func rendered(_ chart: String, values: String, namespace: String) async throws -> [String: String] {
    let text = try await run(["template", chart, values, namespace])
    return try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
  }

  /// `helm lint`: errors of the chart.
  static func problems(_ chart: String) async throws -> [String] {
    struct Findings: Decodable {
      struct Message: Decodable {
        let severity: Int
        let error: String
      }
      let messages: [Message]
    }
    let findings = try JSONDecoder().decode(Findings.self, from: Data(try await run(["lint", chart]).utf8))
    return findings.messages.filter { $0.severity > 1 }.map(\.error)
  }

  private static func run(_ arguments: [String]) async throws -> String {
    return try await Tool.output(
      "python3", ["-c", program] + arguments, environment: ["PYTHONPATH": package, "PYTHONDONTWRITEBYTECODE": "1"])
  }
}

extension Trait where Self == ConditionTrait {
  /// For tests that need Helm.
  static var helm: Self { .enabled(if: Helm.isThere, "Helm is not installed: run scripts/packages test as root") }
}

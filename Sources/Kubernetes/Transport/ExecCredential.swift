import Documents
import Networking
import Subprocess
import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One run of an exec plugin: its input, and its answer.
///
/// Source: `client.authentication.k8s.io`, KEP-541.
struct ExecCredential {
  private struct Answer: Decodable {
    struct Status: Decodable {
      var expirationTimestamp: String?
      var token: String?
      var clientCertificateData: String?
      var clientKeyData: String?
    }

    var apiVersion: String?
    var kind: String?
    var status: Status?
  }

  let plugin: ExecPlugin
  /// Gets what the program tells the user on its standard error, where it may ask them to log in.
  let notice: @Sendable (String) -> Void

  var limit = Duration.seconds(60)
  /// People need time to log in.
  var interactiveLimit = Duration.seconds(300)
  private static let noticeLimit = 16_384

  /// Runs the program. No error shows its standard output, which holds the secret.
  func fetch() async throws -> (credential: Credential, expires: Date?) {
    let isInteractive = plugin.interactiveMode != .never && isatty(STDIN_FILENO) == 1
    guard plugin.interactiveMode != .always || isInteractive else {
      throw problem("it has to talk to the user, and standard input is no terminal")
    }
    let (status, output, complaint) = try await run(isInteractive: isInteractive)
    guard status.isSuccess else {
      let said = ForeignText.clean(complaint, limit: 300)
      throw problem("it failed (\(status))\(said.isEmpty ? "" : ": \(said)")")
    }
    guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(output.utf8)), let status = answer.status
    else {
      throw problem("its answer is no ExecCredential with a status")
    }
    guard answer.kind == "ExecCredential", answer.apiVersion == plugin.apiVersion else {
      throw problem(
        "it answers in '\(ForeignText.clean(answer.apiVersion ?? "", limit: 60))' instead of '\(plugin.apiVersion)'")
    }
    let token = status.token.nonEmpty
    let certificate = status.clientCertificateData.nonEmpty
    let key = status.clientKeyData.nonEmpty
    guard token != nil || certificate != nil, (certificate == nil) == (key == nil) else {
      throw problem("its answer has neither a token nor a certificate with its key")
    }
    return (
      token.map { Credential(token: $0, certificate: certificate, key: key) }
        ?? Credential(certificate: certificate, key: key),
      status.expirationTimestamp.flatMap { Timestamp.date($0) }
    )
  }

  private func problem(_ detail: String, remedy: String? = nil) -> APIProblem {
    APIProblem(
      .credentials, "the exec plugin '\(plugin.command)' gave no credential: \(detail)",
      remedy: remedy ?? "Run it by hand to see what it needs, or log in again.")
  }

  private func configuration(isInteractive: Bool) -> Subprocess.Configuration {
    var spec: JSON = ["interactive": .bool(isInteractive)]
    spec["cluster"] = plugin.cluster
    let info: JSON = ["kind": "ExecCredential", "apiVersion": .string(plugin.apiVersion), "spec": spec]
    var variables = Dictionary(
      plugin.environment.compactMap { name, value in Environment.Key(rawValue: name).map { ($0, value) } },
      uniquingKeysWith: { $1 })
    variables["KUBERNETES_EXEC_INFO"] = info.text
    var options = PlatformOptions()
    // A program that reads from the terminal has to stay in the terminal's group of processes.
    if !isInteractive { options.processGroupID = 0 }
    options.teardownSequence = [
      .send(signal: .kill, toProcessGroup: !isInteractive, allowedDurationToNextStep: .milliseconds(100))
    ]
    let isPath = plugin.command.contains("/")
    return Subprocess.Configuration(
      executable: isPath ? .path(FilePath(plugin.command)) : .name(plugin.command),
      arguments: Arguments(plugin.arguments), environment: .custom(variables), platformOptions: options)
  }

  private func run(isInteractive: Bool) async throws -> (TerminationStatus, output: String, complaint: String) {
    let limit = isInteractive ? interactiveLimit : limit
    do {
      return try await withTimeLimit(limit) {
        let input = try isInteractive ? FileDescriptor.standardInput : FileDescriptor.open("/dev/null", .readOnly)
        let result = try await Subprocess.run(
          configuration(isInteractive: isInteractive),
          input: .fileDescriptor(input, closeAfterSpawningProcess: !isInteractive),
          output: .string(limit: 1 << 20), error: .sequence
        ) { execution in
          var complaint = ""
          for try await buffer in execution.standardError {
            let text = buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            guard complaint.utf8.count < Self.noticeLimit else { continue }
            complaint += text.prefix(Self.noticeLimit)
            for line in text.split(separator: "\n") { notice(ForeignText.clean(String(line), limit: 300)) }
          }
          return complaint
        }
        return (result.terminationStatus, result.standardOutput, result.closureResult)
      }
    } catch is TimeLimitReached {
      throw problem("it did not answer within \(limit.text)")
    } catch let error as SubprocessError {
      if Task.isCancelled { throw CancellationError() }
      switch error.code {
      case .executableNotFound:
        throw problem("it is not installed", remedy: plugin.installHint ?? "Install \(plugin.command).")
      case .outputLimitExceeded: throw problem("its answer is longer than any credential")
      default: throw problem("it cannot be run")
      }
    } catch let error as Errno {
      throw problem("it cannot be run (\(error))")
    }
  }
}

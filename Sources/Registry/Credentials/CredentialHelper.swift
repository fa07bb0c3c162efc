import Documents
import Networking
import Subprocess
import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A program that keeps credentials, `docker-credential-<name>`: the server goes in on standard input, the secret comes
/// back on standard output, and neither is on a command line.
struct CredentialHelper {
  let name: String
  let environment: [String: String]
  let limit: Duration

  /// Asks for the credential of a server; `nil` when the program has none.
  func credential(for server: String) async throws -> RegistryCredential? {
    let program = "docker-credential-\(name)"
    return try await attempting("get the credentials from", program) {
      guard name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }) else {
        throw RegistryProblem(.credentials, "this is no name of a helper program")
      }
      let (succeeded, output) = try await run(program, input: server)
      if !succeeded {
        if output.lowercased().contains("not found") { return nil }
        // Text before any JSON is a message; JSON could hold a secret.
        let message = output.hasPrefix("{") ? "" : ": " + ForeignText.clean(output)
        throw RegistryProblem(.credentials, "it failed\(message)")
      }
      return try Self.credential(in: output)
    }
  }

  /// What a program that succeeded says; nil for one that knows nothing and says so with empty fields, or not at all.
  private static func credential(in output: String) throws -> RegistryCredential? {
    guard output.contains(where: { !$0.isWhitespace }) else { return nil }
    guard let answer = try? JSON(parsing: output), answer.object != nil else {
      if output.lowercased().contains("not found") { return nil }
      throw RegistryProblem(.credentials, "its answer is not JSON with Username and Secret")
    }
    func text(_ key: String) throws -> String {
      guard let value = answer.member(key), !value.isNull else { return "" }
      guard let text = value.string else { throw RegistryProblem(.credentials, "the \(key) in its answer is no text") }
      return text
    }
    let (username, secret) = (try text("Username"), try text("Secret"))
    guard !secret.isEmpty else { return nil }
    guard !username.isEmpty else {
      throw RegistryProblem(.credentials, "its answer is not JSON with Username and Secret")
    }
    return username == "<token>"
      ? .identityToken(username: nil, token: secret) : .basic(username: username, password: secret)
  }

  /// The reading end of a pipe with a short text in it.
  ///
  /// The text is there before the program is: a helper that ends without reading would otherwise cost us a SIGPIPE.
  private static func pipe(holding text: String) throws -> FileDescriptor {
    let pipe = try FileDescriptor.pipe()
    do {
      try pipe.writeEnd.closeAfter { _ = try pipe.writeEnd.writeAll(text.utf8) }
    } catch {
      try pipe.readEnd.close()
      throw error
    }
    return pipe.readEnd
  }

  private func run(_ program: String, input: String) async throws -> (succeeded: Bool, output: String) {
    var options = PlatformOptions()
    options.processGroupID = 0
    options.teardownSequence = [
      .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(100))
    ]
    let variables = Dictionary(
      environment.compactMap { name, value in Environment.Key(rawValue: name).map { ($0, value) } },
      uniquingKeysWith: { $1 })
    let configuration = Subprocess.Configuration(
      executable: .name(program), arguments: ["get"], environment: .custom(variables), platformOptions: options)
    do {
      return try await withTimeLimit(limit) {
        do {
          let result = try await Subprocess.run(
            configuration, input: .fileDescriptor(Self.pipe(holding: input), closeAfterSpawningProcess: true),
            output: .string(limit: 65_536), error: .discarded)
          return (result.terminationStatus.isSuccess, result.standardOutput)
        } catch let error as SubprocessError {
          if Task.isCancelled { throw CancellationError() }
          switch error.code {
          case .executableNotFound:
            throw RegistryProblem(
              .credentials, "it is not installed", remedy: "Install \(program), or take it out of config.json.")
          case .outputLimitExceeded: throw RegistryProblem(.credentials, "its answer is longer than any credential")
          default: throw RegistryProblem(.credentials, "it cannot be run")
          }
        }
      }
    } catch is TimeLimitReached {
      throw RegistryProblem(.credentials, "it did not answer within \(limit.components.seconds) s")
    }
  }
}

import Documents
import Logging
import Networking
import Subprocess
import SystemPackage

/// One run of a credential provider: the request on its standard input, the answer on its standard output.
///
/// Secrets are on no command line and in no message.
struct ProviderProcess: Sendable {
  let provider: CredentialProvider
  let kubelet: Kubelet
  /// Our own program, which takes the host's root and becomes the provider.
  let program: String
  let limit: Duration
  let logger: Logger

  private static let largestAnswer = 1 << 20
  private static let longestComplaint = 4_096
  /// Where the kubelet's environment is not known.
  private static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// - Parameter image: as the kubelet says it: without tag and digest.
  func answer(for image: String) async throws -> ProviderAnswer {
    let (status, output, complaint) = try await run(image)
    if !complaint.isEmpty {
      logger.debug(
        "a credential provider says", metadata: ["provider": "\(provider.name)", "text": "\(complaint)"])
    }
    guard status.isSuccess else { throw fault("failed (\(status))") }
    return try ProviderAnswer(Array(output.utf8), of: provider)
  }

  private func fault(_ what: String) -> ProviderFault {
    ProviderFault("the credential provider \(provider.name) \(what)")
  }

  private func configuration() throws(ProviderFault) -> Subprocess.Configuration {
    guard let folder = kubelet.providerFolder else {
      throw fault("cannot be run: the folder of its program is not known (--credential-provider-bin-dir)")
    }
    let path = "\(folder)/\(provider.name)"
    var variables = kubelet.environment ?? ["PATH": Self.path]
    variables.merge(provider.environment) { $1 }
    var options = PlatformOptions()
    options.processGroupID = 0
    options.teardownSequence = [
      .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(100))
    ]
    let environment = Dictionary(
      variables.compactMap { name, value in Environment.Key(rawValue: name).map { ($0, value) } },
      uniquingKeysWith: { $1 })
    guard let root = kubelet.files.root else {
      return Subprocess.Configuration(
        executable: .path(FilePath(path)), arguments: Arguments(provider.arguments), environment: .custom(environment),
        workingDirectory: "/", platformOptions: options)
    }
    return Subprocess.Configuration(
      executable: .path(FilePath(program)),
      arguments: Arguments([HostProgram.command, root, path] + provider.arguments), environment: .custom(environment),
      workingDirectory: "/", platformOptions: options)
  }

  private func run(_ image: String) async throws -> (TerminationStatus, output: String, complaint: String) {
    let request: JSON = [
      "kind": "CredentialProviderRequest", "apiVersion": .string(provider.apiVersion), "image": .string(image),
    ]
    let configuration = try configuration()
    do {
      return try await withTimeLimit(limit) {
        // Written before it starts: one that ends without reading costs no signal.
        let pipe = try FileDescriptor.pipe()
        do {
          try pipe.writeEnd.closeAfter { _ = try pipe.writeEnd.writeAll(request.bytes()) }
        } catch {
          try pipe.readEnd.close()
          throw error
        }
        let result = try await Subprocess.run(
          configuration, input: .fileDescriptor(pipe.readEnd, closeAfterSpawningProcess: true),
          output: .string(limit: Self.largestAnswer), error: .sequence
        ) { execution in
          var complaint: [UInt8] = []
          for try await buffer in execution.standardError {
            let left = Self.longestComplaint - complaint.count
            if left > 0 { buffer.withUnsafeBytes { complaint += $0.prefix(left) } }
          }
          return ForeignText.clean(String(decoding: complaint, as: UTF8.self), limit: 300)
        }
        return (result.terminationStatus, result.standardOutput, result.closureResult)
      }
    } catch is TimeLimitReached {
      throw fault("did not answer within \(limit.components.seconds) s")
    } catch let error as SubprocessError {
      if Task.isCancelled { throw CancellationError() }
      switch error.code {
      case .outputLimitExceeded: throw fault("answers with more than \(Self.largestAnswer) bytes")
      default: throw fault("cannot be run: \(kubelet.providerFolder ?? "")/\(provider.name)")
      }
    } catch is Errno {
      throw fault("cannot be run")
    }
  }
}

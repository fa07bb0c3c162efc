import Documents
import Foundation
import KubeAPIServer
import Logging
import Subprocess
import SystemPackage

/// The real kubectl against a server of a test: a client that we did not write.
struct Kubectl: Sendable {
  let folder: String
  let server: String

  struct Outcome: Sendable {
    let output: String
    let error: String
    let isSuccess: Bool
  }

  /// Runs `body` with a server and a kubectl that is set up for it.
  static func with<Result>(
    store: Store = Store(), configure: (inout APIServer.Options) throws -> Void = { _ in },
    _ body: (Kubectl, APIServer) async throws -> Result
  ) async throws -> Result {
    let folder = NSTemporaryDirectory() + "prepull-kubectl-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let authority = try CertificateAuthority()
    var options = APIServer.Options()
    options.authority = authority
    try configure(&options)
    let client = try authority.issueClient(name: "kubernetes-admin", groups: ["system:masters"])
    let server = APIServer(store: store, options: options, logger: Logger(label: "test"))
    return try await server.serving {
      func base64(_ text: String) -> JSON { .string(Data(text.utf8).base64EncodedString()) }
      let config: JSON = [
        "apiVersion": "v1", "kind": "Config", "current-context": "sandbox",
        "clusters": [
          [
            "name": "sandbox",
            "cluster": [
              "server": .string(server.address), "certificate-authority-data": base64(authority.authorityPEM),
            ],
          ]
        ],
        "users": [
          [
            "name": "admin",
            "user": [
              "client-certificate-data": base64(client.certificatePEM), "client-key-data": base64(client.keyPEM),
            ],
          ]
        ],
        "contexts": [["name": "sandbox", "context": ["cluster": "sandbox", "user": "admin"]]],
      ]
      try Data(config.bytes()).write(to: URL(filePath: folder + "/config"))
      return try await body(Kubectl(folder: folder, server: server.address), server)
    }
  }

  /// Runs a script of the shell, with `kubectl` set up; its output is taken as it comes.
  func sh(_ script: String) async throws -> Outcome {
    let result = try await run(
      .name("sh"), arguments: ["-c", "set -e\n" + script],
      environment: .inherit.updating(["HOME": folder, "KUBECONFIG": folder + "/config"]),
      workingDirectory: FilePath(folder), input: .none, output: .string(limit: 4 << 20), error: .string(limit: 4 << 20))
    return Outcome(
      output: result.standardOutput, error: result.standardError,
      isSuccess: result.terminationStatus.isSuccess)
  }

  /// Writes an object into a file of the folder; returns its name.
  func file(_ name: String, _ object: JSON) throws -> String {
    try Data(object.bytes()).write(to: URL(filePath: folder + "/" + name))
    return name
  }
}

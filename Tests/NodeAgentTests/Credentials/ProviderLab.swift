import Foundation
import ImageModel
import Logging
import Networking
import Registry
import TestKit

@testable import NodeAgent

/// A node in a folder: credential providers that are shell scripts, and the kubelet's files.
struct ProviderLab {
  let folder: String
  let time = ManualClock()
  /// Lines of the log at debug.
  let log = LogLines()
  var hostRoot: String?
  var limit = Duration.seconds(60)
  var environment: [String: String]?

  static let hello = answer(login: ("ada", "secret-1"))

  /// The text of a provider's answer.
  static func answer(
    login: (String, String), for key: String = "registry.test", cache: String = "Registry", duration: String? = nil,
    version: String = "v1", kind: String = "CredentialProviderResponse"
  ) -> String {
    let life = duration.map { ",\"cacheDuration\":\"\($0)\"" } ?? ""
    return
      #"{"kind":"\#(kind)","apiVersion":"credentialprovider.kubelet.k8s.io/\#(version)","cacheKeyType":"\#(cache)""#
      + life + #","auth":{"\#(key)":{"username":"\#(login.0)","password":"\#(login.1)"}}}"#
  }

  static func with<R>(_ body: (ProviderLab) async throws -> R) async throws -> R {
    try await withTemporaryFolder("node") { try await body(ProviderLab(folder: $0)) }
  }

  /// A script; each run leaves a line in `runs-NAME`.
  func script(_ name: String, _ lines: String) throws {
    try write("#!/bin/sh\necho run >> \(folder)/runs-\(name)\n\(lines)\n", to: "\(folder)/bin/\(name)", mode: 0o755)
  }

  /// Answers with a text.
  func script(_ name: String, answering text: String) throws {
    try script(name, "cat > \(folder)/asked-\(name)\ncat <<'EOF'\n\(text)\nEOF")
  }

  func runs(of name: String) -> Int {
    (try? String(contentsOfFile: "\(folder)/runs-\(name)", encoding: .utf8))?.split(separator: "\n").count ?? 0
  }

  /// One provider in the kubelet's file.
  func configure(_ name: String, match: String = "registry.test", version: String = "v1", more: String = "") throws {
    try write(
      """
      apiVersion: kubelet.config.k8s.io/\(version)
      kind: CredentialProviderConfig
      providers:
      \(Self.provider(name, match: match, more: more))
      """, to: "\(folder)/providers.yaml")
  }

  static func provider(_ name: String, match: String = "registry.test", more: String = "") -> String {
    """
    - name: \(name)
      matchImages: ["\(match)"]
      defaultCacheDuration: 10m
      apiVersion: credentialprovider.kubelet.k8s.io/v1
    \(more)
    """
  }

  func credentials(program: String = "/proc/self/exe", configuration: String? = nil) -> NodeCredentials {
    var options = Kubelet.Options()
    options.hostRoot = hostRoot
    options.providerConfiguration = configuration ?? "\(folder)/providers.yaml"
    options.providerFolder = hostRoot == nil ? "\(folder)/bin" : "/bin"
    var process = KubeletProcess()
    process.arguments = ["--root-dir=\(folder)/kubelet"]
    process.workingDirectory = "\(folder)/work"
    process.environment = environment ?? ["PATH": "/usr/bin:/bin", "HOME": "\(folder)/home"]
    var logger = log.logger
    logger.logLevel = .debug
    return NodeCredentials(
      kubelet: Kubelet(options, process: process), program: program, limit: limit, clock: time.clock, logger: logger)
  }
}

extension NodeCredentials {
  /// All logins of all sources, in order; what a source throws is thrown.
  func logins(for image: String = "registry.test/team/app:v1") async throws -> [RegistryCredential] {
    var all: [RegistryCredential] = []
    for source in await sources(for: try Reference(parsing: image)) { all += try await source.load() }
    return all
  }

  /// Why there is none.
  func fault(for image: String = "registry.test/team/app:v1") async throws -> LoginFault? {
    do {
      _ = try await logins(for: image)
      return nil
    } catch let fault as LoginFault {
      return fault
    }
  }
}

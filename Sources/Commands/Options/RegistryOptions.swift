package import ArgumentParser
import Networking
package import Registry

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import Glibc

/// How registries are reached: the options that all commands which ask a registry share.
package struct RegistryOptions: ParsableArguments {
  @Option(
    name: .customLong("auth-file"),
    help: ArgumentHelp(
      "Credentials: a Docker config.json or the .dockerconfigjson of a Secret. Repeatable; the first match holds.",
      valueName: "file"))
  package var authFiles: [String] = []

  @Option(
    name: .customLong("ca-file"),
    help: ArgumentHelp("Trust these certificates too (PEM). Repeatable.", valueName: "file"))
  package var caFiles: [String] = []

  @Option(
    name: .customLong("plain-http"),
    help: ArgumentHelp("Allow plain HTTP to this registry. Loopback is always allowed. Repeatable.", valueName: "host"))
  package var plainHTTP: [String] = []

  @Option(
    help: ArgumentHelp(
      "Ask a mirror first, as in docker.io=https://mirror.example. Repeatable.", valueName: "registry=url"))
  package var mirror: [String] = []

  package init() {}

  /// - Throws: `ValidationError` for what is no host.
  package static func checkPlainHTTP(_ hosts: [String]) throws {
    for host in hosts where HostAddress(host) == nil || host.contains(where: \.isWhitespace) {
      throw ValidationError("--plain-http '\(host)' is no host; write for example registry.example.com:5000")
    }
  }

  /// Reads what the options name.
  ///
  /// - Throws: `ValidationError` for what cannot be read or understood.
  package func loaded(retries: Int) throws -> (Credentials, RegistryConfiguration) {
    let environment = ProcessInfo.processInfo.environment
    for file in caFiles where access(file, R_OK) != 0 {
      throw ValidationError("cannot read \(file): \(String(cString: strerror(errno)).lowercased()); check --ca-file")
    }
    try Self.checkPlainHTTP(plainHTTP)
    var configuration = try RegistryConfiguration.given(environment, plainHTTP: plainHTTP, caFiles: caFiles)
    configuration.retry = RetryPolicy(attempts: retries + 1)
    for text in mirror {
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw ValidationError(
          "--mirror '\(text)' names no registry; write for example docker.io=https://mirror.example")
      }
      let mirror = try usage { try RegistryMirror(parsing: String(text[text.index(after: equals)...])) }
      configuration.mirrors[String(text[..<equals]), default: []].append(mirror)
    }
    return (try usage { try Credentials(files: authFiles, environment: environment) }, configuration)
  }
}

extension RegistryConfiguration {
  /// How registries are reached, by the environment and the options `--plain-http` and `--ca-file`.
  ///
  /// - Throws: `ValidationError` for what cannot be understood.
  static func given(
    _ environment: [String: String], plainHTTP: [String], caFiles: [String]
  ) throws -> RegistryConfiguration {
    var configuration = try usage {
      try RegistryConfiguration.fromEnvironment(environment, userAgent: "prepull/\(Version.current)")
    }
    configuration.plainHTTP = Set(plainHTTP)
    configuration.caFiles += caFiles
    do {
      try configuration.checkAuthorities()
    } catch {
      throw ValidationError("\(error.detail); check --ca-file and SSL_CERT_FILE")
    }
    return configuration
  }
}

/// Turns what a parser says of a bad value into a usage error.
package func usage<Value>(_ parse: () throws -> Value) throws -> Value {
  do { return try parse() } catch { throw ValidationError("\(error)") }
}

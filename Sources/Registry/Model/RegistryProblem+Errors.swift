import AsyncHTTPClient
import Documents
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension RegistryProblem {
  /// Says in our words what the network libraries report of talking to `host`.
  init(_ error: any Error, host: String) {
    switch error {
    case let problem as RegistryProblem: self = problem
    case let error as NIOConnectionError: self.init(connecting: error, host: host)
    case let error as IOError: self.init(errno: Errno(rawValue: error.errnoCode), host: host)
    case let error as HTTPClientError: self.init(client: error, host: host)
    case let error as NIOSSLError: self.init(tls: error, host: host)
    case let error as NIOSSLExtraError where error == .failedToValidateHostname:
      self.init(.tls, "the certificate of \(host) was issued for another name")
    case let error as NIOSSLExtraError: self.init(.tls, "TLS with \(host) failed: \(error)")
    case is HTTPParserError: self.init(.fault, "\(host) sent something that is not HTTP")
    case ChannelError.connectTimeout: self.init(.timedOut, "no connection to \(host) in time", isRetryable: true)
    case is ChannelError:
      self.init(.truncated, "the connection to \(host) broke", isRetryable: true)
    default: self.init(.fault, "talking to \(host) failed: \(error)", isRetryable: true)
    }
  }

  /// As above, for an error amid a body: what is not known any closer is then a body that was cut.
  init(reading error: any Error, host: String) {
    self.init(error, host: host)
    if code == .fault, !(error is RegistryProblem) {
      self = RegistryProblem(
        .truncated, "\(host) closed the connection before the whole content had come", isRetryable: true)
    }
  }

  private init(connecting error: NIOConnectionError, host: String) {
    let causes = error.connectionErrors.map(\.error)
    if let refused = causes.first(where: { ($0 as? IOError)?.errnoCode == ECONNREFUSED }) ?? causes.first {
      self.init(refused, host: host)
      return
    }
    let lookup = (error.dnsAError ?? error.dnsAAAAError) as? SocketAddressError.UnknownHost
    let isTemporary = lookup?.errorCode == Int(EAI_AGAIN)
    let reason = lookup.map { " (\($0.errorDescription.lowercased()))" } ?? ""
    self.init(.noSuchHost, "no such host: \(error.host)\(reason)", isRetryable: isTemporary)
  }

  private init(errno: Errno, host: String) {
    switch errno {
    case .connectionRefused: self.init(.refused, "\(host) refused the connection", isRetryable: true)
    case .timedOut: self.init(.timedOut, "no connection to \(host) in time", isRetryable: true)
    case .connectionReset, .brokenPipe:
      self.init(.truncated, "\(host) closed the connection", isRetryable: true)
    default: self.init(.unreachable, "\(host): \(errno.description.lowercased())", isRetryable: true)
    }
  }

  private init(client error: HTTPClientError, host: String) {
    switch error {
    case .connectTimeout, .getConnectionFromPoolTimeout, .socksHandshakeTimeout, .httpProxyHandshakeTimeout:
      self.init(.timedOut, "no connection to \(host) in time", isRetryable: true)
    case .tlsHandshakeTimeout:
      self.init(.timedOut, "\(host) did not finish the TLS handshake in time", isRetryable: true)
    case .readTimeout, .writeTimeout, .deadlineExceeded:
      self.init(.timedOut, "\(host) went silent", isRetryable: true)
    case .remoteConnectionClosed:
      self.init(.truncated, "\(host) closed the connection", isRetryable: true)
    case .proxyAuthenticationRequired:
      self.init(.proxy, "the proxy on the way to \(host) asks for credentials")
    case .invalidProxyResponse:
      self.init(.proxy, "the proxy does not let this machine through to \(host)")
    default: self.init(.fault, "talking to \(host) failed: \(error.shortDescription)", isRetryable: true)
    }
  }

  private init(tls error: NIOSSLError, host: String) {
    guard case .handshakeFailed(let cause) = error else {
      self.init(.truncated, "the TLS connection to \(host) broke", isRetryable: true)
      return
    }
    let text = String(describing: cause)
    if error.isUntrustedCertificate {
      self.init(.tls, "the certificate of \(host) is signed by an authority that this machine does not trust")
    } else if text.contains("WRONG_VERSION_NUMBER") {
      self.init(
        .tls, "\(host) does not speak TLS on this port",
        remedy: "If this registry serves plain HTTP and you trust the network, allow it with --plain-http.")
    } else if text.contains("EOF") {
      self.init(.truncated, "\(host) closed the connection during the TLS handshake", isRetryable: true)
    } else {
      self.init(.tls, "the TLS handshake with \(host) failed: \(ForeignText.clean(text))")
    }
  }
}

extension NIOSSLError {
  /// Whether the peer's certificate did not pass; BoringSSL does not say why.
  var isUntrustedCertificate: Bool {
    guard case .handshakeFailed(let cause) = self else { return false }
    return String(describing: cause).contains("CERTIFICATE_VERIFY_FAILED")
  }
}

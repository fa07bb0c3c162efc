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

extension APIError {
  /// Says in our words what the network libraries report of talking to `host`.
  init(_ error: any Error, host: String, request: APIRequest) {
    let (code, detail, remedy) = Self.read(error, host: host)
    self.init(code, request, detail: detail, remedy: remedy ?? Self.remedy(of: code))
    isRetryable = [.unreachable, .interrupted, .timedOut].contains(code)
  }

  init(_ code: Code, _ request: APIRequest, detail: String, remedy: String) {
    self.init(
      code, verb: request.verb.permission, resource: request.resource, namespace: request.namespace, name: request.name,
      detail: detail, remedy: remedy)
  }

  private typealias Reading = (code: Code, detail: String, remedy: String?)

  private static func remedy(of code: Code) -> String {
    switch code {
    case .unreachable: "Check the server's address in the kubeconfig, the network, VPN and firewall."
    case .timedOut: "Check the network, VPN and firewall; --request-timeout allows more time."
    case .interrupted: "Try again; is the API server being restarted?"
    case .tls: "Check certificate-authority of the cluster in the kubeconfig."
    default: "Is this the address of a Kubernetes API server?"
    }
  }

  private static func read(_ error: any Error, host: String) -> Reading {
    switch error {
    case let error as NIOConnectionError: return read(error, host)
    case let error as IOError: return read(Errno(rawValue: error.errnoCode), host)
    case let error as HTTPClientError: return read(error, host)
    case let error as NIOSSLError: return read(error, host)
    case let error as NIOSSLExtraError where error == .failedToValidateHostname:
      return (
        .tls, "the certificate of \(host) was issued for another name",
        "Use a name of the certificate in the server's address, or set tls-server-name (--tls-server-name)."
      )
    case let error as NIOSSLExtraError:
      return (.tls, "TLS with \(host) failed: \(ForeignText.clean("\(error)", limit: 200))", nil)
    case let error as BoringSSLError: return handshake("\(error)", host)
    case HTTPParserError.invalidEOFState: return (.interrupted, "\(host) closed the connection", nil)
    case is HTTPParserError: return (.malformed, "\(host) sent something that is not HTTP", nil)
    case ChannelError.connectTimeout: return (.unreachable, "no connection to \(host) in time", nil)
    case is ChannelError: return (.interrupted, "the connection to \(host) broke", nil)
    default: return (.interrupted, "talking to \(host) failed: \(ForeignText.clean("\(error)", limit: 200))", nil)
    }
  }

  private static func read(_ error: NIOConnectionError, _ host: String) -> Reading {
    let causes = error.connectionErrors.map(\.error)
    if let cause = causes.first(where: { ($0 as? IOError)?.errnoCode == ECONNREFUSED }) ?? causes.first {
      let reading = read(cause, host: host)
      return (.unreachable, reading.detail, nil)
    }
    return (
      .unreachable, "no such host: \(error.host)",
      "Check the server's address in the kubeconfig, and that its name can be looked up from here (VPN?)."
    )
  }

  private static func read(_ errno: Errno, _ host: String) -> Reading {
    switch errno {
    case .connectionRefused:
      (
        .unreachable, "\(host) refused the connection",
        "Is the cluster running, and is this its address? kubectl config view --minify shows it."
      )
    case .timedOut: (.unreachable, "no connection to \(host) in time", nil)
    case .connectionReset, .brokenPipe: (.interrupted, "\(host) closed the connection", nil)
    default: (.unreachable, "\(host): \(errno.description.lowercased())", nil)
    }
  }

  private static func read(_ error: HTTPClientError, _ host: String) -> Reading {
    switch error {
    case .connectTimeout, .getConnectionFromPoolTimeout, .socksHandshakeTimeout, .httpProxyHandshakeTimeout:
      (.unreachable, "no connection to \(host) in time", nil)
    case .tlsHandshakeTimeout: (.unreachable, "\(host) did not finish the TLS handshake in time", nil)
    case .readTimeout, .writeTimeout, .deadlineExceeded: (.timedOut, "\(host) went silent", nil)
    case .remoteConnectionClosed: (.interrupted, "\(host) closed the connection", nil)
    case .proxyAuthenticationRequired:
      (.unreachable, "the proxy on the way to \(host) asks for credentials", "Put them into proxy-url or HTTPS_PROXY.")
    case .invalidProxyResponse:
      (
        .unreachable, "the proxy does not let this machine through to \(host)",
        "Check proxy-url or HTTPS_PROXY, or name the server in NO_PROXY."
      )
    default: (.interrupted, "talking to \(host) failed: \(error.shortDescription)", nil)
    }
  }

  private static func read(_ error: NIOSSLError, _ host: String) -> Reading {
    guard case .handshakeFailed(let cause) = error else {
      return (.interrupted, "the TLS connection to \(host) broke", nil)
    }
    return handshake(String(describing: cause), host)
  }

  private static func handshake(_ text: String, _ host: String) -> Reading {
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
      return (.tls, "the certificate of \(host) is signed by an authority that is not trusted", nil)
    }
    if text.contains("WRONG_VERSION_NUMBER") {
      return (
        .tls, "\(host) does not speak TLS on this port, and its address says https",
        "Check the port; if the server is meant to speak plain HTTP, write http:// in its address."
      )
    }
    // The alerts BAD_CERTIFICATE, CERTIFICATE_EXPIRED, CERTIFICATE_REQUIRED, UNKNOWN_CA and their kin.
    if text.contains("ALERT"), text.contains("CERTIFICATE") || text.contains("UNKNOWN_CA") {
      return (
        .tls, "\(host) does not accept the client's certificate",
        "It may be expired, or of another cluster: write the kubeconfig again with the cluster's tool."
      )
    }
    if text.contains("EOF") { return (.interrupted, "\(host) closed the connection during the TLS handshake", nil) }
    return (.tls, "the TLS handshake with \(host) failed: \(ForeignText.clean(text, limit: 200))", nil)
  }

  /// Whether the certificate of the server is what failed, so that a closer look at it may tell why.
  static func isUntrusted(_ error: any Error) -> Bool {
    guard case NIOSSLError.handshakeFailed(let cause)? = error as? NIOSSLError else { return false }
    return String(describing: cause).contains("CERTIFICATE_VERIFY_FAILED")
  }
}

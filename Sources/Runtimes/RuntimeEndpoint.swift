/// Address of a runtime: `cri:///run/containerd/containerd.sock`, `docker:///var/run/docker.sock` or `oci:/var/lib/prepull`.
package struct RuntimeEndpoint: Hashable, Sendable {
  /// The protocol spoken there.
  package enum Kind: String, Sendable, CaseIterable {
    case cri
    case docker
    case oci
  }

  package let kind: Kind
  /// Absolute path of the socket or the folder; a layout's path may be relative.
  package let path: String

  package init(kind: Kind, path: String) {
    self.kind = kind
    self.path = path
  }

  /// Parses `cri:///path`, `docker:///path` or `oci:/path` (`unix:///path` is CRI, as the kubelet writes it).
  package init(parsing text: String) throws(RuntimeEndpointError) {
    guard let colon = text.firstIndex(of: ":") else {
      throw RuntimeEndpointError(text: text, reason: "write cri:///path, docker:///path or oci:/path")
    }
    let scheme = text[..<colon]
    guard let kind = scheme == "unix" ? .cri : Kind(rawValue: String(scheme)) else {
      throw RuntimeEndpointError(text: text, reason: "'\(scheme)' is not cri, docker or oci")
    }
    var path = text[text.index(after: colon)...]
    if path.hasPrefix("//") { path = path.dropFirst(2) }
    guard !path.isEmpty else { throw RuntimeEndpointError(text: text, reason: "the path is missing") }
    guard kind == .oci || path.hasPrefix("/") else {
      throw RuntimeEndpointError(text: text, reason: "a socket's path starts with '/': \(kind.rawValue):///\(path)")
    }
    self.init(kind: kind, path: String(path))
  }
}

extension RuntimeEndpoint: CustomStringConvertible {
  package var description: String { kind == .oci ? "oci:\(path)" : "\(kind.rawValue)://\(path)" }
}

/// A text that is no runtime endpoint.
package struct RuntimeEndpointError: Error, Hashable, Sendable, CustomStringConvertible {
  package let text: String
  package let reason: String

  package var description: String { "'\(text)' is not a runtime: \(reason)" }
}

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import ImageModel
import Registry

/// The value of `X-Registry-Auth`: a JSON object in the URL alphabet of base 64.
struct RegistryAuthHeader {
  private struct Content: Encodable {
    var username: String?
    var password: String?
    var identitytoken: String?
    var registrytoken: String?
    var serveraddress: String
  }

  let value: String

  init(_ credential: RegistryCredential, for reference: Reference) throws {
    // Docker knows its own hub by the address of its first protocol.
    let server = reference.registry == "docker.io" ? "https://index.docker.io/v1/" : reference.registry
    var content = Content(serveraddress: server)
    switch credential {
    case .basic(let username, let password): (content.username, content.password) = (username, password)
    case .identityToken(let username, let token): (content.username, content.identitytoken) = (username, token)
    case .registryToken(let token): content.registrytoken = token
    }
    value = String(
      try JSONEncoder().encode(content).base64EncodedString().map { character in
        switch character {
        case "+": "-"
        case "/": "_"
        default: character
        }
      })
  }
}

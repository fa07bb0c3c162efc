import Documents
import Hummingbird

extension APIServer {
  func apply(_ call: APICall) throws -> Response { throw StatusError.methodNotAllowed() }
}

import ImageModel

/// What is attempted at a CRI socket, for errors.
struct CRIOperation: Sendable {
  let verb: String
  let reference: Reference?

  init(_ verb: String, _ reference: Reference? = nil) {
    self.verb = verb
    self.reference = reference
  }

  func subject(at endpoint: RuntimeEndpoint) -> String { reference?.familiar ?? "at \(endpoint)" }
}

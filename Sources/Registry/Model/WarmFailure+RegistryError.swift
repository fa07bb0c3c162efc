package import ImageModel

extension WarmFailure {
  /// What a registry, or something on the way to it, answered.
  package init(_ error: any Error) {
    switch error {
    case let error as RegistryError:
      self.init(code: error.code.rawValue, detail: error.reason, remedy: error.remedy)
    case is DecodingError:
      self.init(
        code: "fault", detail: "an answer was not of the form that it should have",
        remedy: "Try again; if it stays, report it with -v.")
    default: self.init(code: "fault", detail: "\(error)", remedy: "Try again; if it stays, report it with -v.")
    }
  }
}

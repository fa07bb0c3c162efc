import ImageModel
import Registry

extension RuntimeError {
  /// The error for what a runtime wrote, with `fallback` where the text does not tell the cause.
  init(
    message: String, fallback: Code = .fault, endpoint: RuntimeEndpoint, operation: String, subject: String,
    about reference: Reference? = nil
  ) {
    let message = RuntimeMessage(message, about: reference)
    let code = message.cause.map(Code.init) ?? fallback
    self.init(
      code, endpoint: endpoint, operation: operation, subject: subject,
      detail: message.text.isEmpty ? "the runtime gave no reason" : message.text, remedy: Self.remedy(for: code))
  }
}

extension RuntimeError.Code {
  /// What a cause that a runtime wrote about is here: all but a full disk are the registry's.
  init(_ cause: RuntimeMessage.Cause) {
    switch cause {
    case .noSpace: self = .noSpace
    case .noSuchHost: self = .registry(.noSuchHost)
    case .refused: self = .registry(.refused)
    case .unreachable: self = .registry(.unreachable)
    case .timedOut: self = .registry(.timedOut)
    case .tls: self = .registry(.tls)
    case .credentials: self = .registry(.credentials)
    case .unauthorized: self = .registry(.unauthorized)
    case .denied: self = .registry(.denied)
    case .notFound: self = .registry(.notFound)
    case .noPlatform: self = .registry(.noPlatform)
    case .unsupportedMediaType: self = .registry(.unsupportedMediaType)
    case .malformedImage: self = .registry(.malformedImage)
    case .rateLimited: self = .registry(.rateLimited)
    case .truncated: self = .registry(.truncated)
    case .digestMismatch: self = .registry(.digestMismatch)
    case .fault: self = .registry(.fault)
    }
  }
}

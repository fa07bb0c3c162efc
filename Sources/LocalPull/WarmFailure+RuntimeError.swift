import ImageModel
import Registry
import Runtimes

extension WarmFailure {
  /// What a runtime or a registry answered.
  init(pulling error: any Error) {
    if let error = error as? RuntimeError {
      self.init(code: error.code.name, detail: error.detail, remedy: error.remedy)
    } else {
      self.init(error)
    }
  }
}

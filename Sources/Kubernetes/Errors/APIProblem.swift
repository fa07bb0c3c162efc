/// An `APIError` before it is known what was asked for; the layers below the client throw these.
struct APIProblem: Error {
  let code: APIError.Code
  let detail: String
  let remedy: String

  init(_ code: APIError.Code, _ detail: String, remedy: String) {
    self.code = code
    self.detail = detail
    self.remedy = remedy
  }
}

import ImageModel
import Registry
import Testing

@testable import Runtimes

@Suite("Errors of runtimes", .timeLimit(.minutes(1)))
struct RuntimeErrorTests {
  @Test("A cause that a runtime wrote about keeps its name", arguments: RuntimeMessage.Cause.allCases)
  func name(of cause: RuntimeMessage.Cause) {
    #expect(RuntimeError.Code(cause).name == cause.rawValue)
  }

  @Test("The text says which error it is; the fallback holds where it does not")
  func message() throws {
    let endpoint = try RuntimeEndpoint(parsing: "docker:///var/run/docker.sock")
    func error(_ text: String) -> RuntimeError {
      RuntimeError(message: text, fallback: .died, endpoint: endpoint, operation: "pull", subject: "a:1")
    }
    #expect(error("unexpected EOF").code == .registry(.truncated))
    #expect(error("write /x: no space left on device").code == .noSpace)
    let other = error("")
    #expect(other.code == .died && other.detail == "the runtime gave no reason")
  }
}

import ImageModel
import Registry
import Runtimes
import Testing

@testable import VirtualCluster

@Suite(.timeLimit(.minutes(10))) struct TextTests {
  @Test(arguments: [
    (0, "0s"), (523, "523ms"), (4100, "4.1s"), (4000, "4s"), (61_050, "1m1.05s"), (60_000, "1m0s"),
    (3_600_000, "1h0m0s"), (3_723_004, "1h2m3.004s"),
  ])
  func durationsAsGoPrintsThem(milliseconds: Int, text: String) {
    #expect(GoDuration(.milliseconds(milliseconds)).description == text)
  }

  @Test func programs() {
    #expect(ContainerProgram(["/prepull/touch"]).course == .exits(code: 0, after: .zero))
    #expect(ContainerProgram(["/prepull/touch", "hold"]).course == .runsOn)
    #expect(ContainerProgram(["sh", "-c", "exit 3"]).course == .exits(code: 3, after: .zero))
    #expect(ContainerProgram(["/bin/sleep", "5"]).course == .exits(code: 0, after: .seconds(5)))
    #expect(ContainerProgram([]).course == .runsOn)
    #expect(ContainerProgram(["nginx"]).course == .runsOn)
  }

  /// What the kubelet is told must be understood by those who read real runtimes.
  @Test(arguments: RegistryError.Code.allCases)
  func failuresAreWordedAsContainerdWordsThem(_ code: RegistryError.Code) throws {
    let reference = try Reference(parsing: "127.0.0.1:5000/team/app:v1")
    let message = PullFailure(code, pulling: reference).message
    #expect(message.contains("failed to pull and unpack image \"127.0.0.1:5000/team/app:v1\""))
    #expect(!message.contains("\n"))
  }

  @Test func missingTagsKeepTheCodeOfTheCall() throws {
    let message = PullFailure(.notFound, pulling: try Reference(parsing: "nginx:none")).message
    #expect(
      message == "rpc error: code = NotFound desc = failed to pull and unpack image \"docker.io/library/nginx:none\": "
        + "failed to resolve reference \"docker.io/library/nginx:none\": docker.io/library/nginx:none: not found")
  }
}

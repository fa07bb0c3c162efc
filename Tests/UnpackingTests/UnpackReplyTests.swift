import ImageModel
import Testing

@testable import Unpacking

/// What a child says, which may have been taken over.
@Suite(.timeLimit(.minutes(1))) struct UnpackReplyTests {
  private static let digest = "sha256:" + String(repeating: "a", count: 64)

  @Test("It is read as it was written") func roundTrip() throws {
    let layer = UnpackReply.Layer(
      diffID: try Digest(parsing: Self.digest), bytes: 5, files: 6, implicit: [[0xff, 0x2f, 0x00]],
      opaque: [[], [0x61]])
    guard case .unpacked(let read) = try UnpackReply(parsing: UnpackReply.unpacked(layer).bytes) else {
      Issue.record("another kind of answer")
      return
    }
    #expect(read.diffID == layer.diffID && read.bytes == 5 && read.files == 6)
    #expect(read.implicit == layer.implicit && read.opaque == layer.opaque)
    let error = UnpackError(.limit, "too much")
    guard case .failed(let problem) = try UnpackReply(parsing: UnpackReply.failed(error).bytes) else {
      Issue.record("another kind of answer")
      return
    }
    #expect(problem == error)
  }

  @Test(
    "Anything else is refused",
    arguments: [
      "", "\n", "{}\n", "{\"error\":\"other\",\"message\":\"x\"}\n", "{\"error\":\"limit\"}\n",
      "{\"diffID\":\"sha256:b\",\"bytes\":1,\"files\":1,\"implicit\":[],\"opaque\":[]}\n",
      "{\"diffID\":\"\(digest)\",\"bytes\":1,\"files\":1,\"implicit\":[\"6\"],\"opaque\":[]}\n",
      "{\"diffID\":\"\(digest)\",\"bytes\":1,\"files\":1,\"implicit\":[\"zz\"],\"opaque\":[]}\n",
      "{\"diffID\":\"\(digest)\",\"bytes\":1,\"files\":1,\"implicit\":[],\"opaque\":[]}",
      "{\"diffID\":\"\(digest)\",\"bytes\":1,\"files\":1,\"implicit\":[],\"opaque\":[1]}\n",
    ])
  func refused(_ text: String) {
    #expect(throws: UnpackError.self) { try UnpackReply(parsing: Array(text.utf8)) }
  }

  @Test("Its message is made fit to be shown") func message() throws {
    guard
      case .failed(let error) = try UnpackReply(
        parsing: Array("{\"error\":\"layer\",\"message\":\"a\\u001b[31m\\nb\"}\n".utf8))
    else { return }
    #expect(error.message == "a [31m b")
  }

  @Test("A request is read as it was written") func request() {
    let request = UnpackRequest(
      compression: .zstd, isLowest: true, limits: UnpackLimits(bytes: 1, files: 2, seconds: 3))
    #expect(UnpackRequest(arguments: request.arguments) == request)
    for arguments in [
      [], ["zip", "upper", "1", "1", "1"], ["gzip", "upper", "0", "1", "1"], ["gzip", "middle", "1", "1", "1"],
    ] {
      #expect(UnpackRequest(arguments: arguments) == nil)
    }
  }
}

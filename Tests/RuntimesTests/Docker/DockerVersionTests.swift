import Testing

@testable import Runtimes

@Suite(.timeLimit(.minutes(10))) struct DockerVersionTests {
  @Test func compares() throws {
    #expect(try #require(DockerVersion("1.9")) < DockerVersion(1, 24))
    #expect(DockerVersion("1.41") == DockerVersion(1, 41))
    #expect(DockerVersion("1") == nil && DockerVersion("1.x") == nil && DockerVersion("") == nil)
    #expect("\(DockerVersion(1, 41))" == "1.41")
  }

  @Test(
    arguments: [
      ("1.12", "1.41", "1.41"),  // Docker 20.10
      ("1.12", "1.24", "1.24"),
      ("1.44", "1.99", DockerVersion.newest.description),  // one from the future that still knows us
      ("1.12", "1.23", nil),  // too old
      ("1.90", "1.99", nil),  // too new
      (nil, "1.40", "1.40"),
    ] as [(String?, String, String?)]) func agrees(_ minimum: String?, _ server: String, _ agreed: String?) throws
  {
    let version = DockerVersion.agreed(
      serverMinimum: minimum.flatMap(DockerVersion.init), server: try #require(DockerVersion(server)))
    #expect(version?.description == agreed)
  }
}

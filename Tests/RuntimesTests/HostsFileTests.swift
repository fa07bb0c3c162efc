import Foundation
import Registry
import SystemPackage
import TestKit
import Testing

@testable import Runtimes

@Suite("hosts.toml", .timeLimit(.minutes(1)))
struct HostsFileTests {
  private func hosts(_ text: String) throws -> RegistryHosts {
    try HostsFile(parsing: text, in: "/etc/containerd/certs.d/r.io").hosts
  }

  @Test("Hosts are asked in the order of the file, whatever their names, and then the server")
  func order() throws {
    let hosts = try hosts(
      """
      server = "https://registry.r.io"
      [host."https://z.r.io"]
        capabilities = ["pull"]
      [host."http://a.r.io:5000/v2/mirror"]
        override_path = true
      [host."m.r.io/prefix"]
      """)
    #expect(
      hosts.mirrors.map(\.description) == [
        "https://z.r.io", "http://a.r.io:5000/v2/mirror", "https://m.r.io/prefix/v2",
      ])
    #expect(hosts.mirrors.map(\.capabilities) == [.pull, [.pull, .resolve], [.pull, .resolve]])
    #expect(hosts.server?.description == "https://registry.r.io")
  }

  @Test("Files are named from the folder on; certificates of clients come in each of the forms that there are")
  func files() throws {
    let hosts = try hosts(
      """
      ca = "own.crt"
      skip_verify = true
      client = "/all/in-one.pem"
      [host."https://a.r.io"]
        ca = ["/abs/one.crt", "two.crt"]
        client = [["c.cert", "c.key"], ["d.pem", ""]]
      [host."https://b.r.io"]
        client = ["e.pem", "f.pem"]
      """)
    let folder = "/etc/containerd/certs.d/r.io"
    #expect(hosts.access.caFiles == ["\(folder)/own.crt"] && hosts.access.skipsVerification)
    #expect(hosts.access.clientCertificates == [.init(certificate: "/all/in-one.pem", key: "/all/in-one.pem")])
    let (one, other) = (hosts.mirrors[0].access, hosts.mirrors[1].access)
    #expect(one.caFiles == ["/abs/one.crt", "\(folder)/two.crt"] && !one.skipsVerification)
    #expect(
      one.clientCertificates == [
        .init(certificate: "\(folder)/c.cert", key: "\(folder)/c.key"),
        .init(certificate: "\(folder)/d.pem", key: "\(folder)/d.pem"),
      ])
    #expect(other.clientCertificates.map(\.certificate) == ["\(folder)/e.pem", "\(folder)/f.pem"])
  }

  @Test("Headers have one value or several")
  func headers() throws {
    let hosts = try hosts(
      """
      [host."https://a.r.io".header]
        x-one = "1"
        x-more = ["2", "3"]
      """)
    #expect(
      hosts.mirrors[0].access.headers == [
        .init(name: "x-one", value: "1"), .init(name: "x-more", value: "2"), .init(name: "x-more", value: "3"),
      ])
  }

  @Test("Nothing in it is nothing")
  func empty() throws {
    #expect(try hosts("# nothing") == RegistryHosts())
  }

  @Test(
    "What containerd could not read either is named",
    arguments: [
      ("server = ", "line 1"), ("host = 1", "host is no table"), ("ca = 1", "ca is no text or array of texts"),
      ("capabilities = [\"fly\"]", "'fly' is no capability"), ("skip_verify = \"yes\"", "skip_verify is neither"),
      ("[host.\"https://\"]", "no address of a host"), ("[host]\n\"https://a\" = 1", "is no table"),
      ("client = [[\"a\",\"b\",\"c\"]]", "no pairs"), ("a = 1\na = 2", "line 2"),
    ])
  func faults(text: String, detail: String) throws {
    let fault = #expect(throws: HostsFault.self) { try hosts(text) }
    #expect(fault?.detail.contains(detail) == true, "\(fault?.detail ?? "")")
  }

  @Test("The first folder that is there counts: of the host with its port, of the host, of all")
  func folders() async throws {
    try await withTemporaryFolder { folder in
      func add(_ name: String, _ file: String, _ text: String) throws {
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)/\(file)"))
      }
      func mirrors(_ registry: String) throws -> [String]? {
        try HostsFile.hosts(of: registry, in: ["/nowhere", FilePath(folder)])?.mirrors.map(\.description)
      }
      #expect(try mirrors("r.io") == nil)
      try add("_default", "hosts.toml", "[host.\"https://all\"]")
      try add("r.io:5000", "hosts.toml", "[host.\"https://plain\"]")
      #expect(try mirrors("r.io") == ["https://all"])
      #expect(try mirrors("r.io:5000") == ["https://plain"])
      try add("r.io_5000_", "hosts.toml", "[host.\"https://escaped\"]")
      #expect(try mirrors("r.io:5000") == ["https://escaped"])
      try add("docker.test", "ca.crt", "")
      try add("docker.test", "client.cert", "")
      let docker = try HostsFile.hosts(of: "docker.test", in: [FilePath(folder)])
      #expect(docker?.access.caFiles == ["\(folder)/docker.test/ca.crt"])
      #expect(docker?.access.clientCertificates.map(\.key) == ["\(folder)/docker.test/client.key"])
      try add("bad.test", "hosts.toml", "server =")
      let fault = #expect(throws: HostsFault.self) { _ = try mirrors("bad.test") }
      #expect(fault?.detail.hasPrefix("\(folder)/bad.test/hosts.toml: ") == true)
    }
  }
}

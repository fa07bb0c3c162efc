import ImageModel
import Testing

private let sha = String(repeating: "0123456789abcdef", count: 4)

@Suite("References", .timeLimit(.minutes(2)))
struct ReferenceTests {
  @Test(
    "Docker's normalisation",
    arguments: [
      ("hello-world", "docker.io/library/hello-world:latest"),
      ("nginx:1.27", "docker.io/library/nginx:1.27"),
      ("docker.io/nginx", "docker.io/library/nginx:latest"),
      ("index.docker.io/library/nginx", "docker.io/library/nginx:latest"),
      ("library/nginx", "docker.io/library/nginx:latest"),
      ("grafana/loki:3", "docker.io/grafana/loki:3"),
      ("localhost/app", "localhost/app:latest"),
      ("localhost:5000/app:v1", "localhost:5000/app:v1"),
      ("registry.example.com/team/app", "registry.example.com/team/app:latest"),
      ("registry.example.com:443/a/b/c/d:T_1.x-y", "registry.example.com:443/a/b/c/d:T_1.x-y"),
      ("[::1]:5000/app", "[::1]:5000/app:latest"),
      ("[2001:db8::1]/app:x", "[2001:db8::1]/app:x"),
      ("[::ffff:10.0.0.1]:5000/app", "[::ffff:10.0.0.1]:5000/app:latest"),
      ("UPPER/app", "UPPER/app:latest"),
      ("a/b__c/d.e/f--g", "docker.io/a/b__c/d.e/f--g:latest"),
      ("app@sha256:\(sha)", "docker.io/library/app@sha256:\(sha)"),
      ("app:v1@sha256:\(sha)", "docker.io/library/app:v1@sha256:\(sha)"),
      ("app@sha512:\(sha)\(sha)", "docker.io/library/app@sha512:\(sha)\(sha)"),
      ("localhost:5000/app@sha256:\(sha)", "localhost:5000/app@sha256:\(sha)"),
    ])
  func normalises(text: String, canonical: String) throws {
    let reference = try Reference(parsing: text)
    #expect(reference.description == canonical)
    #expect(try Reference(parsing: canonical) == reference, "parsing the canonical form gives the same")
  }

  @Test func parts() throws {
    let reference = try Reference(parsing: "localhost:5000/team/app:v1@sha256:\(sha)")
    #expect(reference.registry == "localhost:5000")
    #expect(reference.repository == "team/app")
    #expect(reference.tag == "v1")
    #expect(reference.digest?.encoded == sha)
    #expect(reference.name == "localhost:5000/team/app")
    #expect(reference.identifier == "sha256:\(sha)")
    #expect(try Reference(parsing: "app@sha256:\(sha)").tag == nil)
    #expect(try Reference(parsing: "app:v1").identifier == "v1")
  }

  @Test(arguments: [
    ("docker.io/library/nginx:1.27", "nginx:1.27"), ("docker.io/grafana/loki:3", "grafana/loki:3"),
    ("ghcr.io/a/b:1", "ghcr.io/a/b:1"),
  ])
  func familiar(canonical: String, short: String) throws {
    #expect(try Reference(parsing: canonical).familiar == short)
    #expect(try Reference(parsing: short).description == canonical)
  }

  @Test func limits() throws {
    let tag = String(repeating: "t", count: 128)
    #expect(try Reference(parsing: "app:\(tag)").tag == tag)
    #expect(throws: ReferenceError.self) { try Reference(parsing: "app:\(tag)t") }
    let path = String(repeating: "p", count: 127) + "/" + String(repeating: "q", count: 127)
    #expect(try Reference(parsing: "h.io/\(path)").repository.count == 255)
    #expect(throws: ReferenceError.self) { try Reference(parsing: "h.io/\(path)q") }
  }

  @Test(
    "Illegal forms are refused, and the message points at the fault",
    arguments: [
      ("", nil, "empty"),
      ("ngi nx", 3, "white space"),
      (" nginx", 0, "white space"),
      ("nginx\n", 5, "white space"),
      ("nginx\u{7}", 5, "control character"),
      ("nginx\u{e9}", 5, "not allowed"),
      ("https://ghcr.io/a/b", 0, "no scheme"),
      ("docker://nginx", 0, "no scheme"),
      ("{{ .Values.image }}", nil, "white space"),
      ("{{.Values.image}}", nil, "template"),
      ("${IMAGE}", nil, "template"),
      ("Nginx", 0, "lower case"),
      ("ghcr.io/a/B", 10, "lower case"),
      ("nginx:", 5, "tag"),
      ("nginx:-x", 6, "start with"),
      ("nginx:a/b:", 9, "tag"),
      ("nginx:a+b", 7, "tag"),
      (":tag", 0, "missing"),
      ("@sha256:abc", 1, "digest"),
      ("nginx@", 6, "digest"),
      ("nginx@sha256:abc", 6, "64 hex digits"),
      ("nginx@md5:abc", 6, "sha256 or sha512"),
      ("nginx@sha256:\(sha.uppercased())", 6, "lower case"),
      ("a//b", 2, "empty part"),
      ("/nginx", 0, "empty part"),
      ("nginx/", 6, "empty part"),
      ("ghcr.io/", 7, "missing"),
      ("-nginx", 0, "start and end"),
      ("nginx-", 0, "start and end"),
      ("a..b", 1, "between letters"),
      ("a___b", 1, "between letters"),
      ("a.-b", 1, "between letters"),
      ("host:99999/a", 4, "port"),
      ("host:/a", 4, "port"),
      ("ho_st:5000/a", 2, "registry name"),
      ("-host.io/a", 0, "'-'"),
      ("a..io/b", 2, "empty part"),
      ("[::1/app", 0, "closing"),
      ("[::g]/app", 1, "IPv6"),
      ("[1:2:3]/app", 1, "IPv6"),
      ("[::1]x/app", 5, "':port'"),
      ("[::1]", nil, "IPv6"),
      (sha, nil, "image ID"),
    ] as [(String, Int?, String)])
  func refuses(text: String, offset: Int?, reason: String) throws {
    let error = #expect(throws: ReferenceError.self) { try Reference(parsing: text) }
    let fault = try #require(error)
    #expect(fault.reason.contains(reason), "\(fault)")
    if let offset { #expect(fault.offset == offset, "\(fault)") }
    #expect(!fault.description.contains("\n") || text.contains("\n"))
  }
}

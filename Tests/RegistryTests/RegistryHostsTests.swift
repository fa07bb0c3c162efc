import Foundation
import ImageModel
import KubeAPIServer
import Registry
import TestKit
import Testing
import VirtualCluster

@Suite("Hosts of a registry, as the node was told of them", .timeLimit(.minutes(1)))
struct RegistryHostsTests {
  @Test("A registry that answers its own clients only gets the certificate that was named for it, and no other does")
  func clientCertificates() async throws {
    let (servers, clients) = (try CertificateAuthority(), try CertificateAuthority(name: "clients"))
    try await withRealRegistry(tls: servers, clients: clients) { registry in
      let image = try SampleImage()
      let reference = try await registry.push(image)
      try await withTemporaryFolder { folder in
        let own = try clients.issueClient(name: "node")
        try Data(own.certificatePEM.utf8).write(to: URL(filePath: folder + "/client.cert"))
        try Data(own.keyPEM.utf8).write(to: URL(filePath: folder + "/client.key"))
        var hosts = RegistryHosts()
        hosts.access.caFiles = [try servers.writeAuthority(to: folder)]
        hosts.access.clientCertificates = [
          .init(certificate: folder + "/client.cert", key: folder + "/client.key")
        ]
        func resolve() async throws -> Digest {
          try await withClient(configure: { $0.hosts = [registry.host: hosts] }) { client in
            try await client.resolve(reference).digest
          }
        }
        let digest = try await resolve()
        #expect(digest == image.root.descriptor.digest)
        hosts.access.clientCertificates = []
        await #expect(throws: RegistryError.self) { try await resolve() }
        hosts.access.clientCertificates = [.init(certificate: folder + "/client.cert", key: folder + "/nothing")]
        let error = await #expect(throws: RegistryError.self) { try await resolve() }
        #expect(error?.code == .tls && error?.detail.contains("client.cert") == true, "\(error?.detail ?? "")")
      }
    }
  }

  @Test("Headers go to the host that they were named for, and not where it sends us")
  func headers() async throws {
    try await withEmbeddedRegistry { mirror in
      try await withEmbeddedRegistry { registry in
        let image = try SampleImage()
        mirror.add(image)
        let reference = registry.add(image)
        var own = try RegistryMirror(host: "http://\(mirror.host)", overridesPath: false)
        own.access.headers = [.init(name: "X-Node", value: "secret")]
        own.capabilities = .pull
        let hosts = RegistryHosts(mirrors: [own])
        try await withClient(configure: { $0.hosts = [registry.host: hosts] }) { client in
          let resolved = try await client.image(reference, platform: .host)
          #expect(resolved.manifest.layers == image.variants[0].layers.map(\.descriptor))
        }
        // A tag is resolved by who may resolve; content by its digest comes from the mirror.
        #expect(!mirror.requests.isEmpty && mirror.requests.allSatisfy { $0.path.contains("sha256:") })
        #expect(mirror.requests.allSatisfy { $0.headers["x-node"] == "secret" })
        #expect(registry.requests.allSatisfy { !$0.path.contains("sha256:") && $0.headers["x-node"] == nil })
      }
    }
  }

  @Test("Another server stands in for the registry, under the registry's name")
  func server() async throws {
    try await withEmbeddedRegistry { server in
      let image = try SampleImage()
      server.add(image, to: "team/app", tag: "1")
      let own = try RegistryMirror(host: "http://\(server.host)", overridesPath: false)
      let hosts = RegistryHosts(mirrors: [], server: own)
      try await withClient(configure: { $0.hosts = ["registry.test": hosts] }) { client in
        let digest = try await client.resolve(try Reference(parsing: "registry.test/team/app:1")).digest
        #expect(digest == image.root.descriptor.digest)
        #expect(server.requests.map(\.query) == ["ns=registry.test"])
        server.inject(.status(404))
        let error = await #expect(throws: RegistryError.self) {
          try await client.resolve(try Reference(parsing: "registry.test/team/app:1"))
        }
        #expect(error?.code == .notFound)
      }
    }
  }
}

import Foundation
import SystemPackage
import TestKit
import Testing

@testable import Runtimes

@Suite(.timeLimit(.minutes(1))) struct ContainerdConfigTests {
  private func read(_ files: [String: String]) async throws -> ContainerdConfig {
    try await withTemporaryFolder { folder in
      for (name, text) in files {
        let path = URL(filePath: folder + "/etc/" + name)
        try FileManager.default.createDirectory(at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: path)
      }
      return ContainerdConfig(reading: "/etc/config.toml", below: folder)
    }
  }

  @Test(arguments: ["cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"])
  func everyVersion(_ plugin: String) async throws {
    let config = try await read([
      "config.toml": """
      [plugins."\(plugin)".registry]
        config_path = "/a:/b"
        [plugins."\(plugin)".registry.mirrors."docker.io"]
          endpoint = ["https://mirror.example"]
        [plugins.'\(plugin)'.registry.configs."quay.io".auth]
          username = "u"
      [plugins."io.containerd.image-verifier.v1.bindir"]
        bin_dir = "/v"
      """
    ])
    #expect(config.registryFolders == ["/a", "/b"])
    #expect(config.namedRegistries == ["docker.io", "quay.io"])
    #expect(config.verifierFolder == "/v")
  }

  @Test("What is imported holds, however it is named") func imports() async throws {
    let config = try await read([
      "config.toml": """
      version = 3
      imports = ["conf.d/*.toml", "/etc/last.toml", "/etc/config.toml", "nothing*"]
      [plugins."io.containerd.cri.v1.images".registry]
        config_path = "/first"
      """,
      "conf.d/a.toml": "[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/a'\n",
      "conf.d/b.toml":
        "imports = ['../config.toml']\n[plugins.'io.containerd.image-verifier.v1.bindir']\nbin_dir = '/b'\n",
      "last.toml": "[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/last'\n",
    ])
    #expect(config.registryFolders == ["/last"])
    #expect(config.verifierFolder == "/b")
  }

  @Test("What cannot be read says nothing", arguments: ["", "x =", "plugins = 1", "[plugins.cri]\nregistry = 'x'"])
  func nothing(_ text: String) async throws {
    let config = try await read(["config.toml": text])
    #expect(config.registryFolders == nil && config.verifierFolder == nil && config.namedRegistries.isEmpty)
    let none = try await read([:])
    #expect(none.registryFolders == nil)
  }
}

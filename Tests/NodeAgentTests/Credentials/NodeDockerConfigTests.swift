import Foundation
import Registry
import TestKit
import Testing

@testable import NodeAgent

@Suite("The node's docker config", .timeLimit(.minutes(2))) struct NodeDockerConfigTests {
  private func config(_ place: String, _ password: String) -> String {
    #"{"auths":{"\#(place)":{"username":"ada","password":"\#(password)"}}}"#
  }

  private func login(_ password: String) -> [RegistryCredential] { [.basic(username: "ada", password: password)] }

  @Test("The first file in the kubelet's order counts, and it is read anew")
  func order() async throws {
    try await ProviderLab.with { lab in
      try write(
        "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\n", to: "\(lab.folder)/providers.yaml")
      let credentials = lab.credentials()
      #expect(try await credentials.logins() == [])
      let old = #"{"registry.test":{"username":"ada","password":"old"}}"#
      try write(old, to: "\(lab.folder)/kubelet/.dockercfg")
      #expect(try await credentials.logins() == login("old"))
      try write(config("registry.test", "home"), to: "\(lab.folder)/home/.docker/config.json")
      #expect(try await credentials.logins() == login("home"))
      try write(config("registry.test", "work"), to: "\(lab.folder)/work/config.json")
      #expect(try await credentials.logins() == login("work"))
      let path = "\(lab.folder)/kubelet/config.json"
      try write(config("registry.test", "root"), to: path)
      #expect(try await credentials.logins() == login("root"))
      try write(config("*.test", "changed"), to: path)
      #expect(try await credentials.logins() == login("changed"))
      try write(config("registry.test/team", "path"), to: path)
      #expect(try await credentials.logins() == login("path"))
      #expect(try await credentials.logins(for: "registry.test/other") == [])
    }
  }

  @Test("One that cannot be read is named, without what it holds")
  func faults() async throws {
    try await ProviderLab.with { lab in
      try write(
        "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\n", to: "\(lab.folder)/providers.yaml")
      let path = "\(lab.folder)/kubelet/config.json"
      try write("{hunter2", to: path)
      let fault = try await lab.credentials().fault()
      #expect(fault?.reason == "NodeCredentials")
      #expect(fault?.message.contains(path) == true && fault?.message.contains("hunter2") == false)
      // Programs that it names are not run.
      try write(#"{"credsStore":"evil","auths":{}}"#, to: path)
      #expect(try await lab.credentials().logins() == [])
    }
  }
}

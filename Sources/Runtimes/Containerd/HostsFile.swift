import CTOML
import Documents
package import Registry
package import SystemPackage

/// What stands in the way of reading a `hosts.toml`.
package struct HostsFault: Error, Hashable { package let detail: String }

/// A `hosts.toml` of containerd, which says how the images of one registry are had.
///
/// Read as containerd reads it: the hosts in the order of the file, then `server`, or else the registry itself, to which
/// the settings outside of all hosts belong.
package struct HostsFile: Sendable {
  package let hosts: RegistryHosts

  /// - Parameter folder: from which the names of files begin.
  package init(parsing text: String, in folder: FilePath) throws(HostsFault) {
    let table = try TOMLTable(parsing: text)
    var hosts = RegistryHosts()
    let own = try Host(table, in: folder)
    hosts.access = own.access
    hosts.capabilities = own.capabilities
    if let server = try table.text("server"), !server.isEmpty { hosts.server = try own.mirror(server) }
    for member in try table.table("host")?.members ?? [] {
      guard case .table(let settings) = member.value else {
        throw HostsFault(detail: "host '\(ForeignText.clean(member.name))' is no table")
      }
      hosts.mirrors.append(try Host(settings, in: folder).mirror(member.name))
    }
    self.hosts = hosts
  }

  /// The settings of one host.
  private struct Host {
    var access = HostAccess()
    var capabilities: HostCapabilities = [.pull, .resolve]
    var overridesPath = false

    init(_ table: TOMLTable, in folder: FilePath) throws(HostsFault) {
      func file(_ name: String) -> String { folder.pushing(FilePath(name)).string }
      access.skipsVerification = try table.truth("skip_verify") ?? false
      overridesPath = try table.truth("override_path") ?? false
      access.caFiles = try table.texts("ca").map(file)
      for member in try table.table("header")?.members ?? [] {
        for text in try member.value.texts(of: "a header") {
          access.headers.append(HostAccess.Header(name: member.name, value: text))
        }
      }
      access.clientCertificates = try table.pairs("client").map {
        HostAccess.ClientCertificate(certificate: file($0.0), key: file($0.1))
      }
      let names = try table.texts("capabilities")
      if names.isEmpty { return }
      capabilities = []
      for name in names {
        switch name {
        case "pull": capabilities.insert(.pull)
        case "resolve": capabilities.insert(.resolve)
        case "push", "dial-stdio", "referrers": break
        default: throw HostsFault(detail: "'\(name)' is no capability")
        }
      }
    }

    func mirror(_ name: String) throws(HostsFault) -> RegistryMirror {
      do {
        var mirror = try RegistryMirror(host: name, overridesPath: overridesPath)
        mirror.access = access
        mirror.capabilities = capabilities
        return mirror
      } catch {
        throw HostsFault(detail: "'\(ForeignText.clean(name))' is no address of a host")
      }
    }
  }
}

extension HostsFile {
  /// What a node was told of a registry in the folders of `config_path`; nil when nothing.
  ///
  /// - Parameter registry: host, with port where it has one.
  /// - Throws: ``HostsFault``, with the file, when containerd could not read it either.
  package static func hosts(of registry: String, in folders: [FilePath]) throws(HostsFault) -> RegistryHosts? {
    // A colon is no part of a file's name everywhere: localhost:5000 may lie in localhost_5000_.
    let name = registry.split(separator: ":", maxSplits: 1)
    let other = name.count == 2 ? ["\(name[0])_\(name[1])_"] : []
    for folder in folders {
      for name in other + [registry, "_default"] {
        let own = folder.appending(name)
        guard let names = try? FolderNames.of(own) else { continue }
        do throws(HostsFault) {
          if names.contains("hosts.toml") {
            guard let bytes = SmallFile.bytes(of: own.appending("hosts.toml")), bytes.count <= SmallFile.largest,
              let text = String(validating: bytes, as: UTF8.self)
            else {
              throw HostsFault(detail: "it cannot be read")
            }
            return try HostsFile(parsing: text, in: own).hosts
          }
          return RegistryHosts(certificates: names.sorted(), in: own)
        } catch {
          throw HostsFault(detail: "\(own.appending("hosts.toml")): \(error.detail)")
        }
      }
    }
    return nil
  }
}

extension RegistryHosts {
  /// The certificates of a folder without a `hosts.toml`, as Docker has them; nil without any.
  fileprivate init?(certificates names: [String], in folder: FilePath) {
    self.init()
    access.caFiles = names.filter { $0.hasSuffix(".crt") }.map { folder.appending($0).string }
    for name in names where name.hasSuffix(".cert") {
      let key = "\(name.dropLast(5)).key"
      access.clientCertificates.append(
        HostAccess.ClientCertificate(
          certificate: folder.appending(name).string, key: folder.appending(key).string))
    }
    if access == HostAccess() { return nil }
  }
}

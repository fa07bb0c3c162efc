import Documents

/// The Pod Security Standards, with the wording of `k8s.io/pod-security-admission`.
enum PodSecurity {
  /// What a pod violates of a level; nil when nothing. `privileged` allows everything.
  static func violation(of spec: JSON, level: String, version: String) -> String? {
    guard level == "baseline" || level == "restricted" else { return nil }
    let pod = Subject(spec: spec, isRestricted: level == "restricted")
    let found = pod.baseline + (pod.isRestricted ? pod.restricted : [])
    return found.isEmpty ? nil : "violates PodSecurity \"\(level):\(version)\": \(found.joined(separator: ", "))"
  }

  private struct Subject {
    let spec: JSON
    let isRestricted: Bool
    let containers: [JSON]

    init(spec: JSON, isRestricted: Bool) {
      self.spec = spec
      self.isRestricted = isRestricted
      containers = ["initContainers", "containers", "ephemeralContainers"].flatMap { spec[$0]?.array ?? [] }
    }

    /// `container "a"`, `containers "a", "b"`; nil without any.
    func list(_ word: String = "container", where isBad: (JSON) -> Bool) -> String? {
      let names = containers.filter(isBad).map { "\"\($0["name"]?.string ?? "")\"" }
      return names.isEmpty ? nil : "\(word)\(names.count > 1 ? "s" : "") \(names.joined(separator: ", "))"
    }

    var baseline: [String] {
      var found: [String] = []
      if !isRestricted, let text = addedCapabilities(beyond: Self.baselineCapabilities) { found.append(text) }
      let namespaces = ["hostNetwork", "hostPID", "hostIPC"].filter { spec[$0] == true }
      if !namespaces.isEmpty {
        found.append("host namespaces (\(namespaces.map { "\($0)=true" }.joined(separator: ", ")))")
      }
      if !isRestricted {
        let names = volumes { $0["hostPath"] != nil }
        if !names.isEmpty { found.append("hostPath volumes (\(plural("volume", names)))") }
      }
      let ports = containers.flatMap { $0["ports"]?.array ?? [] }.compactMap { $0["hostPort"]?.integer }.filter {
        $0 != 0
      }
      if let list = list(where: { ($0["ports"]?.array ?? []).contains { $0["hostPort"]?.integer ?? 0 != 0 } }) {
        let word = list.hasPrefix("containers") ? "use" : "uses"
        found.append(
          "hostPort (\(list) \(word) hostPort\(ports.count > 1 ? "s" : "") \(ports.map(String.init).joined(separator: ", ")))"
        )
      }
      let hostProcess = { (json: JSON) in json[path: "securityContext", "windowsOptions", "hostProcess"] == true }
      let ofHost = (hostProcess(spec) ? ["pod"] : []) + [list(where: hostProcess)].compactMap(\.self)
      if !ofHost.isEmpty {
        found.append(
          "hostProcess (\(ofHost.joined(separator: " and ")) must not set securityContext.windowsOptions.hostProcess=true)"
        )
      }
      if let list = list(where: { $0[path: "securityContext", "privileged"] == true }) {
        found.append("privileged (\(list) must not set securityContext.privileged=true)")
      }
      if let list = list(where: { ![nil, "Default"].contains($0[path: "securityContext", "procMount"]?.string) }) {
        found.append("procMount (\(list) must not set securityContext.procMount to \"Unmasked\")")
      }
      if !isRestricted {
        if spec[path: "securityContext", "seccompProfile", "type"] == "Unconfined" {
          found.append("seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")")
        } else if let list = list(where: { $0[path: "securityContext", "seccompProfile", "type"] == "Unconfined" }) {
          found.append("seccompProfile (\(list) must not set securityContext.seccompProfile.type to \"Unconfined\")")
        }
      }
      return found
    }

    /// Since 1.25, what means nothing on Windows is not asked of pods that say to be for it.
    private var isWindows: Bool { spec[path: "os", "name"] == "windows" }

    var restricted: [String] {
      var found: [String] = []
      if !isWindows, let list = list(where: { $0[path: "securityContext", "allowPrivilegeEscalation"] != false }) {
        found.append(
          "allowPrivilegeEscalation != false (\(list) must set securityContext.allowPrivilegeEscalation=false)")
      }
      var capabilities: [String] = []
      if !isWindows,
        let list = list(where: { container in
          !(container[path: "securityContext", "capabilities", "drop"]?.array ?? []).contains("ALL")
        })
      {
        capabilities.append("\(list) must set securityContext.capabilities.drop=[\"ALL\"]")
      }
      if let list = list(where: { !added($0, beyond: ["NET_BIND_SERVICE"]).isEmpty }) {
        let names = Set(containers.flatMap { added($0, beyond: ["NET_BIND_SERVICE"]) }).sorted()
        capabilities.append(
          "\(list) must not include \(names.map { "\"\($0)\"" }.joined(separator: ", ")) in securityContext.capabilities.add"
        )
      }
      if !capabilities.isEmpty { found.append("unrestricted capabilities (\(capabilities.joined(separator: "; ")))") }
      let allowed: Set<String> = [
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected",
        "secret", "name",
      ]
      let names = volumes { !Set($0.object?.keys.map(\.self) ?? []).isSubset(of: allowed) }
      if !names.isEmpty {
        let types = Set((spec["volumes"]?.array ?? []).flatMap { $0.object?.keys.map(\.self) ?? [] })
          .subtracting(allowed).sorted()
        found.append(
          "restricted volume types (\(plural("volume", names)) \(names.count > 1 ? "use" : "uses") restricted volume "
            + "type\(types.count > 1 ? "s" : "") \(types.map { "\"\($0)\"" }.joined(separator: ", ")))")
      }
      if let text = nonRoot { found.append("runAsNonRoot != true (\(text))") }
      var users: [String] = []
      if spec[path: "securityContext", "runAsUser"] == 0 { users.append("pod") }
      if let list = list(where: { $0[path: "securityContext", "runAsUser"] == 0 }) { users.append(list) }
      if !users.isEmpty { found.append("runAsUser=0 (\(users.joined(separator: " and ")) must not set runAsUser=0)") }
      if !isWindows, let text = seccomp { found.append("seccompProfile (\(text))") }
      return found
    }

    private var nonRoot: String? {
      let whole = spec[path: "securityContext", "runAsNonRoot"]
      var texts: [String] = []
      if whole == false { texts.append("pod must not set securityContext.runAsNonRoot=false") }
      if let list = list(where: { $0[path: "securityContext", "runAsNonRoot"] == false }) {
        texts.append("\(list) must not set securityContext.runAsNonRoot=false")
      }
      if texts.isEmpty, whole == nil,
        let list = list("pod or container", where: { $0[path: "securityContext", "runAsNonRoot"] == nil })
      {
        texts.append("\(list) must set securityContext.runAsNonRoot=true")
      }
      return texts.isEmpty ? nil : texts.joined(separator: " and ")
    }

    private var seccomp: String? {
      let allowed = ["RuntimeDefault", "Localhost"]
      func type(_ json: JSON) -> String? { json[path: "securityContext", "seccompProfile", "type"]?.string }
      let whole = type(spec)
      if let whole, !allowed.contains(whole) {
        return "pod must not set securityContext.seccompProfile.type to \"\(whole)\""
      }
      if let list = list(where: { type($0).map { !allowed.contains($0) } ?? false }) {
        return "\(list) must not set securityContext.seccompProfile.type to \"Unconfined\""
      }
      if whole != nil { return nil }
      return list("pod or container", where: { type($0) == nil }).map {
        "\($0) must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\""
      }
    }

    private static let baselineCapabilities: Set<String> = [
      "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
      "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ]

    private func added(_ container: JSON, beyond allowed: Set<String>) -> [String] {
      (container[path: "securityContext", "capabilities", "add"]?.array ?? []).compactMap(\.string)
        .filter { !allowed.contains($0) }
    }

    private func addedCapabilities(beyond allowed: Set<String>) -> String? {
      guard let list = list(where: { !added($0, beyond: allowed).isEmpty }) else { return nil }
      let names = Set(containers.flatMap { added($0, beyond: allowed) }).sorted()
      return "non-default capabilities (\(list) must not include "
        + "\(names.map { "\"\($0)\"" }.joined(separator: ", ")) in securityContext.capabilities.add)"
    }

    private func volumes(where isBad: (JSON) -> Bool) -> [String] {
      (spec["volumes"]?.array ?? []).filter(isBad).compactMap { $0["name"]?.string }
    }

    private func plural(_ word: String, _ names: [String]) -> String {
      "\(word)\(names.count > 1 ? "s" : "") \(names.map { "\"\($0)\"" }.joined(separator: ", "))"
    }
  }
}

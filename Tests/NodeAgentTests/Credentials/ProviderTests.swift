import Documents
import Foundation
import ImageModel
import Registry
import TestKit
import Testing

@testable import NodeAgent

@Suite("Credential providers of the node", .timeLimit(.minutes(3))) struct ProviderTests {
  private let ada = RegistryCredential.basic(username: "ada", password: "secret-1")

  @Test(
    "A provider is asked as the kubelet asks it, and its answer is kept for the registry",
    arguments: ["v1", "v1beta1", "v1alpha1"])
  func asked(_ version: String) async throws {
    try await ProviderLab.with { lab in
      var lab = lab
      lab.environment = ["PATH": "/usr/bin:/bin", "FROM_KUBELET": "1", "BOTH": "kubelet"]
      try lab.script(
        "p",
        "env > \(lab.folder)/env; echo \"$@\" > \(lab.folder)/args\ncat > \(lab.folder)/asked-p\ncat <<'EOF'\n\(ProviderLab.hello)\nEOF"
      )
      try lab.configure(
        "p", match: "*.test", version: version,
        more: "  args: [get, --fast]\n  env:\n  - {name: BOTH, value: provider}\n  - {name: OWN, value: x}")
      let credentials = lab.credentials()
      #expect(try await credentials.logins() == [ada])
      let asked = try JSON(parsing: try String(contentsOfFile: "\(lab.folder)/asked-p", encoding: .utf8))
      #expect(
        asked == [
          "kind": "CredentialProviderRequest", "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
          "image": "registry.test/team/app",
        ])
      #expect(try String(contentsOfFile: "\(lab.folder)/args", encoding: .utf8) == "get --fast\n")
      let variables = try String(contentsOfFile: "\(lab.folder)/env", encoding: .utf8).split(separator: "\n")
      for line in ["FROM_KUBELET=1", "BOTH=provider", "OWN=x"] { #expect(variables.contains(Substring(line))) }
      #expect(!variables.contains { $0.hasPrefix("TMPDIR=") })
      // Another image of this registry, then one of another.
      #expect(try await credentials.logins(for: "registry.test/other") == [ada])
      #expect(lab.runs(of: "p") == 1)
      #expect(try await credentials.logins(for: "elsewhere.test/other") == [])
      #expect(lab.runs(of: "p") == 2)
      #expect(try await credentials.logins(for: "registry.example/other") == [])
      #expect(lab.runs(of: "p") == 2)
    }
  }

  @Test(
    "What is kept holds for what the provider says, and as long as it says",
    arguments: [
      // Runs after: another image of the registry, another registry, 5 minutes, 11 minutes.
      ("Image", nil, [2, 3, 3, 4]), ("Registry", nil, [1, 2, 2, 3]), ("Global", nil, [1, 1, 1, 2]),
      ("Registry", "1m", [1, 2, 3, 4]), ("Global", "0s", [2, 3, 4, 5]), ("Global", "1h", [1, 1, 1, 1]),
    ] as [(String, String?, [Int])])
  func kept(_ key: String, _ duration: String?, _ runs: [Int]) async throws {
    try await ProviderLab.with { lab in
      try lab.script("p", answering: ProviderLab.answer(login: ("ada", "x"), cache: key, duration: duration))
      try lab.configure("p", match: "*.test")
      let credentials = lab.credentials()
      var seen: [Int] = []
      func ask(_ image: String) async throws {
        _ = try await credentials.logins(for: image)
        seen.append(lab.runs(of: "p"))
      }
      _ = try await credentials.logins(for: "registry.test/a")
      try await ask("registry.test/b")
      try await ask("other.test/a")
      lab.time.advance(by: .seconds(300))
      try await ask("other.test/a")
      lab.time.advance(by: .seconds(360))
      try await ask("other.test/a")
      #expect(seen == runs)
    }
  }

  @Test("All who ask at the same time share one run")
  func shared() async throws {
    try await ProviderLab.with { lab in
      try lab.script(
        "p", "sleep 0.3\ncat <<'EOF'\n\(ProviderLab.answer(login: ("ada", "secret-1"), duration: "0s"))\nEOF")
      try lab.configure("p")
      let credentials = lab.credentials()
      try await withThrowingTaskGroup(of: [RegistryCredential].self) { group in
        for _ in 0..<8 { group.addTask { try await credentials.logins() } }
        for try await logins in group { #expect(logins == [ada]) }
      }
      #expect(lab.runs(of: "p") == 1)
    }
  }

  @Test(
    "What a provider says that lies is not believed, and not shown",
    arguments: [
      ("", "did not answer in JSON"), ("hunter2", "did not answer in JSON"), ("[]", "did not answer in JSON"),
      (ProviderLab.answer(login: ("a", "hunter2"), version: "v1beta1"), "CredentialProviderResponse of"),
      (ProviderLab.answer(login: ("a", "hunter2"), kind: "Other"), "CredentialProviderResponse of"),
      (ProviderLab.answer(login: ("a", "hunter2"), cache: "Forever"), "without a cacheKeyType"),
      (ProviderLab.answer(login: ("a", "hunter2"), duration: "soon"), "no duration"),
    ])
  func lies(_ answer: String, _ message: String) async throws {
    try await ProviderLab.with { lab in
      try lab.script("p", answering: answer)
      try lab.configure("p")
      let fault = try await lab.credentials().fault()
      #expect(fault?.reason == "NodeCredentials")
      #expect(fault?.message.contains(message) == true, "\(fault?.message ?? "none")")
      #expect(fault?.message.contains("the credential provider p") == true)
      #expect(fault?.message.contains("hunter2") == false)
    }
  }

  @Test("One that fails, hangs, talks without end or is not there is named, and leaves nothing running")
  func faults() async throws {
    try await ProviderLab.with { lab in
      var lab = lab
      try lab.configure("p")
      #expect(try await lab.credentials().fault()?.message.contains("bin/p") == true)
      try lab.script("p", "printf 'token=hunter2\\033[31m' >&2; exit 3")
      let failed = try await lab.credentials().fault()
      #expect(failed?.message.contains("failed") == true && failed?.message.contains("hunter2") == false)
      // Only who debugs sees what it says, cleaned.
      let log = lab.log.all.joined(separator: "\n")
      #expect(log.contains("token=hunter2") && !log.contains("\u{1b}"))
      try lab.script("p", "exec yes hunter2")
      #expect(try await lab.credentials().fault()?.message.contains("more than 1048576 bytes") == true)
      try lab.script("p", "yes complaint | head -c 300000 >&2\ncat <<'EOF'\n\(ProviderLab.hello)\nEOF")
      #expect(try await lab.credentials().logins() == [ada])
      lab.limit = .milliseconds(1500)
      try lab.script("p", "sleep 300 & echo $! > \(lab.folder)/child\nsleep 300")
      #expect(try await lab.credentials().fault()?.message.contains("did not answer within") == true)
      let child = try String(contentsOfFile: "\(lab.folder)/child", encoding: .utf8).filter(\.isNumber)
      try await eventually("its children end") {
        let status = (try? String(contentsOfFile: "/proc/\(child)/status", encoding: .utf8)) ?? "State:\tZ"
        return status.contains("State:\tZ")
      }
    }
  }

  @Test("A provider that needs a pod's token is never run, and the kubelet is named")
  func podTokens() async throws {
    try await ProviderLab.with { lab in
      try lab.script("needy", answering: ProviderLab.hello)
      try lab.script("plain", answering: ProviderLab.answer(login: ("ada", "secret-1"), duration: "0s"))
      let needy = ProviderLab.provider(
        "needy",
        more: "  tokenAttributes: {serviceAccountTokenAudience: x, requireServiceAccount: false, cacheType: Token}")
      try write(
        "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n\(needy)\n"
          + ProviderLab.provider("plain"), to: "\(lab.folder)/providers.yaml")
      let sources = await lab.credentials().sources(for: try .init(parsing: "registry.test/a"))
      #expect(
        sources.map(\.name) == [
          "the node's docker config", "the credential provider plain", "the credential provider needy",
        ])
      #expect(try await sources[1].load() == [ada])
      let fault = await #expect(throws: LoginFault.self) { try await sources[2].load() }
      #expect(fault?.reason == "NeedsKubelet" && fault?.message.contains("needy") == true)
      #expect(lab.runs(of: "needy") == 0)
      #expect(try await lab.credentials().fault(for: "elsewhere.test/a") == nil)
    }
  }

  @Test("A folder of configurations is read in the order of names; what the kubelet would refuse is refused")
  func folders() async throws {
    try await ProviderLab.with { lab in
      let folder = "\(lab.folder)/providers.d"
      let head = "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n"
      try write(head + ProviderLab.provider("second"), to: "\(folder)/20.yml")
      try write(head + ProviderLab.provider("first"), to: "\(folder)/10.yaml")
      try write("not read", to: "\(folder)/00.txt")
      try write(
        #"{"apiVersion":"kubelet.config.k8s.io/v1","kind":"CredentialProviderConfig","providers":[{"name":"third","#
          + #""matchImages":["registry.test"],"defaultCacheDuration":"0s","#
          + #""apiVersion":"credentialprovider.kubelet.k8s.io/v1"}]}"#, to: "\(folder)/30.json")
      let credentials = lab.credentials(configuration: folder)
      let sources = await credentials.sources(for: try .init(parsing: "registry.test/a"))
      #expect(sources.dropFirst().map(\.name) == ["first", "second", "third"].map { "the credential provider \($0)" })
      for (text, message) in [
        (head + ProviderLab.provider("first"), "twice"), (head + ProviderLab.provider("../x"), "no name"),
        ("kind: Other\n", "no CredentialProviderConfig"), ("a: [", "cannot be read"),
        (head + ProviderLab.provider("v").replacing("k8s.io/v1", with: "k8s.io/v9"), "no apiVersion"),
        (head + ProviderLab.provider("d").replacing("10m", with: "ever"), "no duration"),
      ] {
        try write(text, to: "\(folder)/40.yaml")
        let fault = try await credentials.fault()
        #expect(fault?.message.contains(message) == true, "\(fault?.message ?? "none")")
      }
    }
  }

  @Test("In the host's root it runs there, with few rights")
  func chroot() async throws {
    try await ProviderLab.with { lab in
      var lab = lab
      let root = "\(lab.folder)/root"
      lab.hostRoot = root
      // A shell and a cat, with their libraries.
      for program in ["/bin/dash", "/bin/cat", "/bin/ls"] {
        for file in try libraries(of: program) + [program] {
          let copy = root + file
          try FileManager.default.createDirectory(
            atPath: URL(filePath: copy).deletingLastPathComponent().path, withIntermediateDirectories: true)
          guard !FileManager.default.fileExists(atPath: copy) else { continue }
          try FileManager.default.copyItem(
            at: URL(filePath: file).resolvingSymlinksInPath(), to: URL(filePath: copy))
        }
      }
      try write(
        "#!/bin/dash\n/bin/ls / > /listing\necho \"$FROM_KUBELET\" > /variable\n/bin/cat <<'EOF'\n\(ProviderLab.hello)\nEOF\n",
        to: "\(root)/bin/p", mode: 0o755)
      lab.environment = ["FROM_KUBELET": "yes"]
      try write(
        "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n"
          + ProviderLab.provider("p"), to: "\(root)/etc/providers.yaml")
      let credentials = lab.credentials(
        program: try PrepullProgram.daemonPath, configuration: "/etc/providers.yaml")
      #expect(try await credentials.logins() == [ada])
      let listing = try String(contentsOfFile: "\(root)/listing", encoding: .utf8)
      #expect(listing.split(separator: "\n").contains("listing") && !listing.contains("work"))
      #expect(try String(contentsOfFile: "\(root)/variable", encoding: .utf8) == "yes\n")
      // Not there: the child says so, and the reason does not hold what it read.
      try FileManager.default.removeItem(atPath: "\(root)/bin/p")
      lab.time.advance(by: .seconds(3600))
      #expect(try await credentials.fault()?.message.contains("failed") == true)
    }
  }

  @Test("The child that enters the host's root keeps no capability but two, and gets no new ones")
  func rights() async throws {
    let run = try await PrepullProgram.run(
      [HostProgram.command, "/", "/bin/cat", "/proc/self/status"], program: try PrepullProgram.daemonPath)
    #expect(run.exitCode == 0)
    let fields = Dictionary(
      run.output.split(separator: "\n").map { $0.split(separator: "\t", maxSplits: 1).map(String.init) }
        .filter { $0.count == 2 }.map { ($0[0], $0[1]) }, uniquingKeysWith: { $1 })
    #expect(fields["NoNewPrivs:"] == "1")
    // DAC_OVERRIDE and DAC_READ_SEARCH.
    for set in ["CapPrm:", "CapEff:"] {
      #expect((UInt64(fields[set] ?? "", radix: 16) ?? .max) & ~0b110 == 0, "\(set) \(fields[set] ?? "")")
    }
    #expect(fields["CapInh:"] == "0000000000000000" && fields["CapAmb:"] == "0000000000000000")
    let wrong = try await PrepullProgram.run([HostProgram.command, "/"], program: try PrepullProgram.daemonPath)
    #expect(wrong.exitCode == 126)
  }

  /// What the dynamic linker loads for a program, as `ldd` says.
  private func libraries(of program: String) throws -> [String] {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/ldd")
    process.arguments = [program]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text.split(whereSeparator: \.isWhitespace).map(String.init).filter { $0.hasPrefix("/") }
  }
}
